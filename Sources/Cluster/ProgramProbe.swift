internal import Coordination
internal import Foundation

/// What kind of program listens at a port, judged by what it answers to ZeroMQ's greeting (ZMTP 3.0, RFC 23), and else
/// to a request of HTTP.
enum ProgramProbe: Equatable {
  /// - mechanism: empty if the program does not name it
  /// - socketType: as the program says; nil if it does not, as behind CURVE
  case zeroMQ(mechanism: String, socketType: String?)
  /// Another program: what it looks like.
  case other(String)
  /// It takes connections, and says nothing.
  case silent
  /// It closes connections without a word.
  case closing
  /// It cannot be reached any more.
  case gone

  private static let greetingSize = 64
  /// Of a greeting: the signature and the major version. libzmq answers that with its whole greeting. What does not
  /// suit it in the rest would make it close the connection, possibly before its answer is out.
  private static let beginningSize = 11
  /// Of the shortest command READY.
  private static let readySize = 27

  static func examine(host: String, port: Int, timeout: Milliseconds) -> ProgramProbe {
    let beginning = Array(greeting().prefix(beginningSize))
    let (greeting, isClosed) = talk(host, port, send: beginning, expecting: greetingSize, timeout: timeout)
    guard let greeting else { return .gone }
    // The signature of ZMTP, then the version.
    if greeting.count >= 10, greeting[0] == 0xFF, greeting[9] & 1 == 1 {
      guard greeting.count == 10 || greeting[10] >= 3 else { return .other("a program with an old version of ZeroMQ") }
      // A program that works with keys closes the connection before it has named its mechanism.
      guard greeting.count >= greetingSize else { return .zeroMQ(mechanism: "", socketType: nil) }
      let mechanism = String(decoding: greeting[12..<32].prefix { $0 != 0 }, as: UTF8.self)
      guard mechanism == "NULL" else { return .zeroMQ(mechanism: mechanism, socketType: nil) }
      // It names its socket's type without being asked, and closes the connection if it is told of one that it does not
      // work with.
      let (all, _) = talk(
        host, port, send: Self.greeting(), expecting: greetingSize + readySize, timeout: min(timeout, 500))
      return .zeroMQ(mechanism: mechanism, socketType: socketType(all?.dropFirst(greetingSize) ?? []))
    }
    // A program that closes the connection at once may have sent a part of the signature.
    if greeting.first == 0xFF, greeting.count < 10 { return .zeroMQ(mechanism: "", socketType: nil) }
    if !greeting.isEmpty { return .other(description(of: greeting)) }
    let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    let (answer, _) = talk(host, port, send: request, expecting: 256, timeout: min(timeout, 1_000))
    if answer?.first == 0xFF { return .zeroMQ(mechanism: "", socketType: nil) }
    if let answer, !answer.isEmpty { return .other(description(of: answer)) }
    return isClosed ? .closing : .silent
  }

  /// Signature, version 3.0, the mechanism NULL, as a client, and filler.
  private static func greeting() -> [UInt8] {
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
  }

  /// From the command READY, which a program without keys sends first.
  private static func socketType(_ command: ArraySlice<UInt8>) -> String? {
    let name = Array("Socket-Type".utf8)
    let starts = command.indices.dropLast(min(command.count, name.count + 4))
    guard let start = starts.first(where: { command[$0...].starts(with: name) }) else { return nil }
    let value = command[(start + name.count)...].dropFirst(4)
    return String(decoding: value.prefix { (65...90).contains($0) }, as: UTF8.self)
  }

  /// - Returns: how a person would call what says this
  static func description(of bytes: [UInt8]) -> String {
    let isText = bytes.prefix(40).allSatisfy { (32..<127).contains($0) || [9, 10, 13].contains($0) }
    let line = String(decoding: bytes.prefix(60).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    if line.hasPrefix("SSH-") { return "an SSH server (\"\(isText ? line : "SSH-")\")" }
    if line.hasPrefix("HTTP/") || line.lowercased().hasPrefix("<!doctype") || line.lowercased().hasPrefix("<html") {
      return "an HTTP server"
    }
    if bytes.count >= 2, bytes[0] == 0x15, bytes[1] == 3 { return "a TLS server, as of HTTPS" }
    if line.hasPrefix("220") { return "a mail or FTP server" }
    return isText && !line.isEmpty ? "a program that says \"\(line)\"" : "a program with another protocol"
  }

  /// Connects, sends, and reads until so much has come, the other side closes, or time is up.
  /// - Returns: nil if no connection is established; and whether the other side has closed it
  private static func talk(
    _ host: String, _ port: Int, send bytes: [UInt8], expecting count: Int, timeout: Milliseconds
  ) -> ([UInt8]?, isClosed: Bool) {
    guard let file = PortProbe.open(host: host, port: port, timeout: timeout) else { return (nil, false) }
    defer { close(file) }
    _ = bytes.withUnsafeBytes { Foundation.send(file, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
    var answer: [UInt8] = []
    let deadline = monotonicMilliseconds() + timeout
    var part = [UInt8](repeating: 0, count: 512)
    while answer.count < count {
      var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      let left = deadline - monotonicMilliseconds()
      guard left > 0, poll(&waiting, 1, Int32(clamping: left)) > 0 else { return (answer, false) }
      let read = recv(file, &part, part.count, 0)
      guard read > 0 else { return (answer, true) }
      answer += part[..<read]
    }
    return (answer, false)
  }
}
