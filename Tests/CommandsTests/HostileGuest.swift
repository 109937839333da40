import Coordination
import Foundation
import SwiftProtobuf
import Transport

/// The holder of a join token, who sends the messages of a test.
final class HostileGuest {
  private let socket: Socket
  private let monitor: ConnectionMonitor
  let own = KeyPair()

  init(_ token: JoinToken, as pair: KeyPair? = nil) throws {
    let context = try SocketContext()
    socket = try Socket(.dealer, in: context, security: .client(pair ?? token.guest, server: token.coordinator))
    monitor = try ConnectionMonitor(socket, name: "guest", in: context)
    try socket.connect(token.addresses[0])
  }

  func send(_ frames: [[UInt8]]) { socket.send(frames.map { Frame($0) }) }

  func send(_ body: [[UInt8]] = [], _ fill: (inout WorkerMessage) -> Void) throws {
    var message = WorkerMessage.with { $0.protocol = MessageCodec.version }
    fill(&message)
    let bytes: [UInt8] = try message.serializedBytes()
    send([bytes] + body)
  }

  func enroll(_ key: [UInt8]? = nil, host: String = "mallory") throws {
    try send {
      $0.enrollment.key = Data(key ?? own.publicKey.bytes)
      $0.enrollment.host = host
    }
  }

  /// Returns the next answer; nil if none arrives.
  func answer(within seconds: Double = 20) -> CoordinatorMessage? {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      socket.wait(milliseconds: 20)
      if let first = socket.receive(frames: 2)?.first { return MessageCodec.decode(first) }
    }
    return nil
  }

  /// Waits for an event.
  func awaits(within seconds: Double = 20, _ condition: (ConnectionMonitor.Event) -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      while let event = monitor.next() { if condition(event) { return true } }
      usleep(5_000)
    }
    return false
  }

  var isDisconnected: Bool {
    awaits {
      if case .closed = $0 { return true }
      return false
    }
  }
}
