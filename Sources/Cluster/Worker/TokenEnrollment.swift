internal import Compute
internal import Coordination
internal import Foundation
internal import SwiftProtobuf
package import Transport

/// Joins a coordinator with a join token: carries out the actions of a ``JoinProcedure``.
package enum TokenEnrollment {
  /// Returns where the coordinator listens and this worker's admitted keys, after enrolling the worker if necessary.
  /// Waits as long as no coordinator can be reached.
  ///
  /// - Parameters:
  ///   - isKept: Whether a later process with the same token uses the same keys.
  ///   - log: Receives messages to the user.
  ///   - isEnding: Whether to stop waiting.
  /// - Returns: nil if `isEnding` returned true.
  /// - Throws: ``JoinRefusal`` if the coordinator refuses the token; ``TransportError``
  package static func join(
    _ token: JoinToken, isKept: Bool = true, log: (String) -> Void, until isEnding: () -> Bool
  ) throws -> (endpoint: Endpoint, keys: WorkerKeys)? {
    try ZeroMQLibrary.check()
    let kept = isKept ? try JoinedKeys(for: token) : JoinedKeys()
    let keys = WorkerKeys(own: kept.pair, coordinator: token.coordinator)
    var procedure = JoinProcedure(token, isKnown: kept.isKnown)
    var attempt: Attempt?
    var lastReason: String?
    var event = JoinProcedure.Event.start
    while !isEnding() {
      switch procedure.handle(event, at: InvitationBook.now) {
      case .connect(let endpoint, let identity):
        attempt = nil
        let own = identity == .guest ? token.guest : kept.pair
        if isReachable(endpoint) {
          attempt = try Attempt(endpoint, .client(own, server: token.coordinator))
          event = attempt?.connect(until: isEnding) ?? .failed
        } else {
          event = .unreachable
        }
      case .enroll: event = attempt?.enroll(kept.pair.publicKey, until: isEnding) ?? .failed
      case .join(let endpoint, let name):
        if let name {
          log("enrolled as \(name) with the coordinator at \(endpoint)")
          if let fault = kept.fault {
            log("this worker's key cannot be kept (\(fault)), so a restart uses the token once more")
          }
        }
        return (endpoint, keys)
      case .fail(let reason): throw JoinRefusal(reason: reason)
      case .wait(let milliseconds, let reason):
        if reason != lastReason { log(reason) }
        lastReason = reason
        let end = monotonicMilliseconds() + milliseconds
        while monotonicMilliseconds() < end, !isEnding() { usleep(20_000) }
        event = .elapsed
      }
    }
    return nil
  }

  private static let connectionTimeout: Milliseconds = 3_000

  private static func isReachable(_ endpoint: Endpoint) -> Bool {
    guard let host = endpoint.host, let port = endpoint.port else { return false }
    guard case .open = PortProbe.connect(host: host, port: port, timeout: connectionTimeout) else { return false }
    return true
  }
}

/// The coordinator does not accept a join token.
package struct JoinRefusal: Error, CustomStringConvertible {
  package let reason: String

  package var description: String { reason }
}

/// A connection to a coordinator until it is decided.
private final class Attempt {
  private let socket: Socket
  private let monitor: ConnectionMonitor

  /// Longer than a handshake may take.
  private static let connectionTimeout: Milliseconds = 4_000

  init(_ endpoint: Endpoint, _ security: SocketSecurity) throws(TransportError) {
    let sockets = try SocketContext()
    socket = try Socket(.dealer, in: sockets, security: security)
    monitor = try ConnectionMonitor(socket, name: "enrollment", in: sockets)
    try socket.connect(endpoint)
  }

  /// Waits until the handshake has succeeded or failed.
  func connect(until isEnding: () -> Bool) -> JoinProcedure.Event {
    let end = monotonicMilliseconds() + Self.connectionTimeout
    while monotonicMilliseconds() < end, !isEnding() {
      while let event = monitor.next() {
        switch event {
        case .ready: return .connected
        case .ended(let end): return .ended(end)
        case .failed, .refused, .closed: return .failed
        case .accepted: break
        }
      }
      usleep(5_000)
    }
    return .failed
  }

  /// Sends the enrollment and waits for the answer, for which a busy coordinator may need long.
  func enroll(_ key: Key, until isEnding: () -> Bool) -> JoinProcedure.Event {
    let message = WorkerMessage.with {
      $0.protocol = MessageCodec.version
      ($0.enrollment.key, $0.enrollment.host) = (Data(key.bytes), LocalAddress.hostName)
    }
    guard socket.send([MessageCodec.encode(message)]) else { return .failed }
    while !isEnding() {
      socket.wait(milliseconds: 50)
      while let frames = socket.receive(frames: 1) {
        guard let first = frames.first, let message: CoordinatorMessage = MessageCodec.decode(first) else { continue }
        switch message.body {
        case .enrolled(let enrolled): return .enrolled(name: enrolled.name)
        case .refusal(let refusal): return .refused(reason: refusal.reason)
        default: continue
        }
      }
      while let event = monitor.next() {
        switch event {
        case .closed, .failed, .refused: return .failed
        case .ended(let end): return .ended(end)
        case .ready, .accepted: break
        }
      }
    }
    return .failed
  }
}
