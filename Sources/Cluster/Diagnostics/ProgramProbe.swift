internal import Coordination
internal import Foundation

/// The kind of program that listens at a port, determined from its response to ZeroMQ's greeting (ZMTP 3.0, RFC 23), or
/// to an HTTP request.
enum ProgramProbe: Equatable {
  /// A program with ZeroMQ.
  /// - mechanism: Its security mechanism; empty if it did not send one.
  /// - socketType: Its socket's type; nil if it did not send one, as with CURVE.
  case zeroMQ(mechanism: String, socketType: String?)
  /// Another program, with a description.
  case other(String)
  /// A program that accepts connections but sends nothing.
  case silent
  /// A program that closes connections without sending anything.
  case closing
  /// No connection could be established.
  case gone

  private static let greetingSize = 64
  /// The size of the signature and the major version of a greeting, to which libzmq responds with its whole greeting.
  /// Anything after that which it does not support would make it close the connection, possibly before it has
  /// responded.
  private static let beginningSize = 11
  /// The size of the shortest command READY.
  private static let readySize = 27

  static func examine(host: String, port: Int, timeout: Milliseconds) -> ProgramProbe {
    let beginning = Array(greeting().prefix(beginningSize))
    let (greeting, isClosed) = talk(host, port, send: beginning, expecting: greetingSize, timeout: timeout)
    guard let greeting else { return .gone }
    // The signature of ZMTP, then the version.
    if greeting.count >= 10, greeting[0] == 0xFF, greeting[9] & 1 == 1 {
      guard greeting.count == 10 || greeting[10] >= 3 else { return .other("a program with an old version of ZeroMQ") }
      // A program with keys closes the connection before it has sent its mechanism.
      guard greeting.count >= greetingSize else { return .zeroMQ(mechanism: "", socketType: nil) }
      let mechanism = String(decoding: greeting[12..<32].prefix { $0 != 0 }, as: UTF8.self)
      guard mechanism == "NULL" else { return .zeroMQ(mechanism: mechanism, socketType: nil) }
      // The program sends its socket's type unasked, and closes the connection if the type that it receives is
      // incompatible.
      let (all, _) = talk(
        host, port, send: Self.greeting(), expecting: greetingSize + readySize, timeout: min(timeout, 500))
      return .zeroMQ(mechanism: mechanism, socketType: socketType(all?.dropFirst(greetingSize) ?? []))
    }
    // A program that closes the connection immediately may have sent part of the signature.
    if greeting.first == 0xFF, greeting.count < 10 { return .zeroMQ(mechanism: "", socketType: nil) }
    if !greeting.isEmpty { return .other(description(of: greeting)) }
    let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    let (answer, _) = talk(host, port, send: request, expecting: 256, timeout: min(timeout, 1_000))
    if answer?.first == 0xFF { return .zeroMQ(mechanism: "", socketType: nil) }
    if let answer, !answer.isEmpty { return .other(description(of: answer)) }
    return isClosed ? .closing : .silent
  }

  /// Returns a client's greeting: signature, version 3.0, mechanism NULL, filler.
  private static func greeting() -> [UInt8] {
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
  }

  /// Returns the socket's type in the command READY, which a program without keys sends first.
  private static func socketType(_ command: ArraySlice<UInt8>) -> String? {
    let name = Array("Socket-Type".utf8)
    let starts = command.indices.dropLast(min(command.count, name.count + 4))
    guard let start = starts.first(where: { command[$0...].starts(with: name) }) else { return nil }
    let value = command[(start + name.count)...].dropFirst(4)
    return String(decoding: value.prefix { (65...90).contains($0) }, as: UTF8.self)
  }

  /// Returns a description of the program that sent `bytes`.
  static func description(of bytes: [UInt8]) -> String {
    let isText = bytes.prefix(40).allSatisfy { (32..<127).contains($0) || [9, 10, 13].contains($0) }
    let line = String(decoding: bytes.prefix(60).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
    if line.hasPrefix("SSH-") { return "an SSH server (\"\(isText ? line : "SSH-")\")" }
    if line.hasPrefix("HTTP/") || line.lowercased().hasPrefix("<!doctype") || line.lowercased().hasPrefix("<html") {
      return "an HTTP server"
    }
    if bytes.count >= 2, bytes[0] == 0x15, bytes[1] == 3 { return "a TLS server, as of HTTPS" }
    if line.hasPrefix("220") { return "a mail or FTP server" }
    return isText && !line.isEmpty ? "a program that sends \"\(line)\"" : "a program with another protocol"
  }

  /// Connects, sends `bytes`, and reads until `count` bytes have arrived, the other side closes, or the timeout has
  /// passed.
  /// - Returns: The received bytes, or nil if no connection was established; and whether the other side has closed it.
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
