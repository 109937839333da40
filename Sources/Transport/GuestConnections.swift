package import Coordination

/// Which connections of a coordinator's socket are to be closed: those of guests after their one message, and those
/// that send nothing. A state machine without sockets.
package struct GuestConnections: Sendable {
  private enum Phase {
    /// Open since then, without a message.
    case silent(since: Milliseconds)
    /// A guest's only message was handled, at this time.
    case answered(Milliseconds)
  }

  private var open: [Int32: Phase] = [:]

  /// The time after which a connection without a message is closed, and that of a guest after its message. Longer than
  /// a handshake; workers send their status as soon as they are connected.
  private static let timeout: Milliseconds = 15_000

  package init() {}

  package mutating func noteOpened(_ connection: Int32, at time: Milliseconds) {
    open[connection] = .silent(since: time)
  }

  package mutating func noteClosed(_ connection: Int32) { open[connection] = nil }

  /// Records the message of a listed worker, whose connection is of no further interest.
  package mutating func noteWorker(_ connection: Int32) { open[connection] = nil }

  package enum Verdict: Sendable, Equatable {
    case enroll
    /// Close the connection, and log it.
    case close
  }

  /// Records the message of a guest.
  /// - Parameter isEnrollment: Whether it is the message that a guest may send.
  package mutating func noteGuest(_ connection: Int32, isEnrollment: Bool, at time: Milliseconds) -> Verdict {
    if case .answered = open[connection] { return .close }
    open[connection] = .answered(time)
    return isEnrollment ? .enroll : .close
  }

  /// Returns the connections whose time has passed. Each is returned once.
  package mutating func overdue(at time: Milliseconds) -> [Int32] {
    let late = open.filter { entry in
      switch entry.value {
      case .silent(let since), .answered(let since): time - since > Self.timeout
      }
    }.keys.sorted()
    for connection in late { open[connection] = nil }
    return late
  }
}
