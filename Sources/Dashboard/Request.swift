internal import Foundation

/// The head of an HTTP/1.x request (RFC 9112). Bodies are never read, since no route accepts one.
struct Request: Equatable {
  /// The maximum size of a request head in bytes; browsers send far less than one thousand.
  static let headLimit = 16 * 1024

  let method: String
  /// The path as sent, percent-encoded, without the query.
  let path: Substring
  /// The query: the part after the question mark.
  let query: Substring
  /// Header fields by name in lower case. The values of a repeated name are joined, as in RFC 9110, section 5.3.
  let fields: [String: String]

  /// - Parameter head: the bytes up to and including the empty line
  /// - Returns: nil if the head is malformed
  init?(head: some Collection<UInt8>) {
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: true)
    let words = lines.first?.split(separator: " ", omittingEmptySubsequences: false) ?? []
    guard words.count == 3, Self.isToken(words[0]), words[1].hasPrefix("/"),
      words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0"
    else { return nil }
    method = String(words[0])
    let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = target[0]
    query = target.count == 2 ? target[1] : ""
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":"), Self.isToken(line[..<colon]) else { return nil }
      let name = line[..<colon].lowercased()
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      guard !value.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" }) else { return nil }
      if let first = fields[name] {
        // Ambiguous: two parsers that choose different values could be played off against each other.
        guard name != "host", name != "origin", name != "authorization", name != "content-length" else { return nil }
        fields[name] = first + (name == "cookie" ? "; " : ", ") + value
      } else {
        fields[name] = value
      }
    }
    self.fields = fields
  }

  private static func isToken(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  var hasBody: Bool { fields["transfer-encoding"] != nil || fields["content-length"].map { $0 != "0" } ?? false }

  /// Returns the query parameter of this name, as sent.
  func parameter(_ name: String) -> Substring? {
    query.split(separator: "&").first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
  }

  func cookie(_ name: String) -> Substring? {
    let cookies = fields["cookie"]?.split(separator: ";") ?? []
    return cookies.lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
  }

  /// The token of `Authorization: Bearer …` (RFC 6750).
  var bearer: Substring? {
    guard let words = fields["authorization"]?.split(separator: " "), words.count == 2,
      words[0].lowercased() == "bearer"
    else { return nil }
    return words[1]
  }
}
