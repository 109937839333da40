import Dashboard
import Foundation

/// A client that sends exactly the given bytes.
final class Client {
  private let descriptor: Int32
  private var received: [UInt8] = []

  /// - Parameter receiveBuffer: size in bytes; a small buffer simulates a slow client
  init(_ server: LiveServer, receiveBuffer: Int32? = nil) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    // A server that does not answer fails the test instead of hanging it.
    var timeout = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = server.address.port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    precondition(code == 0, "the server does not listen")
  }

  deinit { close(descriptor) }

  /// - Returns: false if the server has closed the connection
  @discardableResult func send(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// - Returns: false if the server has closed the connection, or on timeout
  private func receive() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count > 0 { received += chunk[..<count] }
    return count > 0
  }

  /// Reads until `text` and the end of its event have arrived, and returns everything received; nil if the connection
  /// ends before.
  func readEvents(through text: String) -> String? {
    var searched = 0
    for part in [text, "\n\n"].map({ Array($0.utf8) }) {
      while true {
        if let place = received[searched...].firstRange(of: part) {
          searched = place.upperBound
          break
        }
        searched = max(searched, received.count - part.count)
        guard receive() else { return nil }
      }
    }
    return String(decoding: received, as: UTF8.self)
  }

  /// Reads until the server closes the connection, and returns everything received.
  func readAll() -> String {
    while receive() {}
    return String(decoding: received, as: UTF8.self)
  }
}

/// A parsed HTTP response.
struct Answer {
  let status: Int
  let fields: [String: String]
  let body: String

  init?(_ text: String) {
    guard let blank = text.firstRange(of: "\r\n\r\n") else { return nil }
    let lines = text[..<blank.lowerBound].split(separator: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
    self.status = status
    fields = Dictionary(
      uniqueKeysWithValues: lines.dropFirst().map { line in
        let parts = line.split(separator: ":", maxSplits: 1)
        return (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
      })
    body = String(text[blank.upperBound...])
  }
}

extension LiveServer {
  /// Starts a server at a free port on loopback.
  static func started(_ page: LivePage = LivePage(title: "Test"), token: AccessToken? = nil) throws -> LiveServer {
    try start(page, at: LiveAddress("127.0.0.1:0"), token: token)
  }

  /// - Parameters:
  ///   - host: the `Host` field; nil for the one that a browser would send
  ///   - fields: further header fields
  func ask(_ method: String = "GET", _ target: String = "/", host: String? = nil, _ fields: [String] = []) -> Answer? {
    let client = Client(self)
    let lines = ["\(method) \(target) HTTP/1.1", "Host: \(host ?? "localhost:\(address.port)")"] + fields
    client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    return Answer(client.readAll())
  }

  /// Returns a client that has requested events.
  func listener(receiveBuffer: Int32? = nil) -> Client {
    let client = Client(self, receiveBuffer: receiveBuffer)
    client.send("GET /events HTTP/1.1\r\nHost: \(address)\r\nOrigin: http://\(address)\r\n\r\n")
    return client
  }
}
