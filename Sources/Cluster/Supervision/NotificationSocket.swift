internal import Foundation

/// The datagram socket of systemd for the state of a service (sd_notify(3)).
struct NotificationSocket {
  static let variable = "NOTIFY_SOCKET"
  private let address: sockaddr_un
  private let length: socklen_t

  /// - Parameter name: A path, or `@` and the name of an abstract socket.
  /// - Returns: nil for other texts.
  init?(_ name: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
      bytes.count < MemoryLayout.size(ofValue: address.sun_path)
    else { return nil }
    if first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    self.address = address
    length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
  }

  /// Sends a message, as lines of `NAME=VALUE`. systemd's own failures do not matter to the service.
  func send(_ message: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(message.utf8)
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), address, length)
      }
    }
  }
}
