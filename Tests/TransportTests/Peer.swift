import Foundation
import Transport

/// One side of a connection: a socket with the queries that tests need.
final class Peer {
  let socket: Socket
  private let monitor: ConnectionMonitor
  /// Objects that must outlive this peer: Swift may release an object, and above all an array, after its last use.
  var retained: [AnyObject] = []

  // Expected messages have a long timeout, which only a failing test reaches.
  private static let timeout = 20.0

  /// - Parameter context: a new context simulates another process
  init(
    _ kind: Socket.Kind, in context: SocketContext? = nil, security: SocketSecurity = .none,
    bounds: Socket.Bounds = .init()
  ) throws {
    let context = try context ?? SocketContext()
    socket = try Socket(kind, in: context, security: security, bounds: bounds)
    monitor = try ConnectionMonitor(socket, name: UUID().uuidString, in: context)
  }

  func bind(_ endpoint: String) throws(TransportError) -> Endpoint { try socket.bind(Endpoint(endpoint)) }

  func connect(_ endpoint: Endpoint) throws(TransportError) { try socket.connect(endpoint) }

  @discardableResult
  func send(_ texts: String...) -> Bool { send(texts.map { Frame($0.utf8) }) }

  func send(_ frames: [Frame]) -> Bool { socket.send(frames) }

  func answer(_ message: [Frame], _ text: String) -> Bool { send([message[0], Frame(text.utf8)]) }

  /// Returns the next message; nil if none arrives.
  func receive(frames limit: Int = 8) -> [Frame]? {
    Self.wait {
      if let frames = socket.receive(frames: limit) { return frames }
      socket.wait(milliseconds: 10)
      return nil
    }
  }

  /// Returns the next message as texts, without the sender's identity that a router adds.
  func text(marked: Bool = false) -> [String]? {
    receive().map { $0.dropFirst(marked ? 1 : 0).map { String(decoding: $0.array, as: UTF8.self) } }
  }

  /// Returns whether no message arrives within the time.
  func isSilent(milliseconds: Int = 200) -> Bool {
    socket.wait(milliseconds: milliseconds)
    return socket.receive(frames: 8) == nil
  }

  /// Returns the next event; nil if none arrives.
  func event() -> ConnectionMonitor.Event? {
    Self.wait {
      if let event = monitor.next() {
        if case .accepted = event { return nil }
        return event
      }
      usleep(2_000)
      return nil
    }
  }

  /// Returns whether a connecting client is refused, and no message arrives before that or shortly after.
  func refuses(_ client: Peer) -> Bool {
    defer { withExtendedLifetime(client) {} }
    let isRefused = Self.wait { () -> Bool? in
      while let event = monitor.next() { if event == .refused || event == .failed { return true } }
      if socket.receive(frames: 8) != nil { return false }
      usleep(2_000)
      return nil
    }
    return isRefused == true && isSilent()
  }

  /// Returns whether the condition becomes true within the timeout.
  static func eventually(_ condition: () -> Bool) -> Bool {
    wait {
      if condition() { return true }
      usleep(2_000)
      return nil
    } ?? false
  }

  private static func wait<Result>(_ attempt: () -> Result?) -> Result? {
    let end = Date(timeIntervalSinceNow: timeout)
    while Date() < end { if let result = attempt() { return result } }
    return nil
  }
}
