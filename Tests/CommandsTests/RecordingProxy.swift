import Foundation

/// Passes one connection of loopback on to a port, and records what the client sends.
final class RecordingProxy: @unchecked Sendable {  // the recording is read under a lock
  let port: UInt16
  private let lock = NSLock()
  private var bytes: [UInt8] = []

  init(to target: UInt16) {
    let (listener, port) = boundLoopbackSocket()
    self.port = port
    listen(listener, 8)
    Thread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        let server = Self.connect(to: target)
        Self.pump(from: client, to: server) { [self] part in lock.withLock { bytes += part } }
        Self.pump(from: server, to: client) { _ in }
      }
    }.start()
  }

  /// What all clients have sent.
  var recording: [UInt8] { lock.withLock { bytes } }

  static func connect(to port: UInt16) -> Int32 {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return file
  }

  private static func pump(from source: Int32, to target: Int32, _ record: @escaping @Sendable ([UInt8]) -> Void) {
    Thread {
      var part = [UInt8](repeating: 0, count: 4_096)
      while true {
        let count = read(source, &part, part.count)
        guard count > 0 else { break }
        record(Array(part[..<count]))
        _ = part.withUnsafeBytes { send(target, $0.baseAddress!, count, Int32(MSG_NOSIGNAL)) }
      }
      shutdown(target, Int32(SHUT_RDWR))
    }.start()
  }
}
