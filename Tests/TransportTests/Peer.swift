import Foundation
import Transport

/// One side of a conversation: a socket, as a test asks about it.
final class Peer {
  let socket: Socket
  private let monitor: ConnectionMonitor
  /// Whom or what it needs: Swift may let go of an object, and above all of an array of them, after its last use.
  var kept: [AnyObject] = []

  // What must come is waited for with much patience, which only a test that fails needs to the end.
  private static let patience = 20.0

  /// - Parameter context: a new one stands for another process.
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

  /// The next message; nil if none comes.
  func receive(frames limit: Int = 8) -> [Frame]? {
    Self.wait {
      if let frames = socket.receive(frames: limit) { return frames }
      socket.wait(milliseconds: 10)
      return nil
    }
  }

  /// The next message as texts, without a router's mark of who sent it.
  func text(marked: Bool = false) -> [String]? {
    receive().map { $0.dropFirst(marked ? 1 : 0).map { String(decoding: $0.array, as: UTF8.self) } }
  }

  /// Whether no message comes for a while.
  func isSilent(milliseconds: Int = 200) -> Bool {
    socket.wait(milliseconds: milliseconds)
    return socket.receive(frames: 8) == nil
  }

  /// The next event; nil if none comes.
  func event() -> ConnectionMonitor.Event? {
    Self.wait {
      if let event = monitor.next() { return event }
      usleep(2_000)
      return nil
    }
  }

  /// Whether someone who wants to connect is turned away, and no message comes: not before, and not for a while after.
  func turnsAway(_ stranger: Peer) -> Bool {
    defer { withExtendedLifetime(stranger) {} }
    let isRefused = Self.wait { () -> Bool? in
      while let event = monitor.next() { if event == .refused || event == .failed { return true } }
      if socket.receive(frames: 8) != nil { return false }
      usleep(2_000)
      return nil
    }
    return isRefused == true && isSilent()
  }

  /// Whether it comes true in the end.
  static func becomes(_ condition: () -> Bool) -> Bool {
    wait {
      if condition() { return true }
      usleep(2_000)
      return nil
    } ?? false
  }

  private static func wait<Result>(_ attempt: () -> Result?) -> Result? {
    let end = Date(timeIntervalSinceNow: patience)
    while Date() < end { if let result = attempt() { return result } }
    return nil
  }
}
