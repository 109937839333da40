/// How a worker with a join token connects for the first time: which address it tries with which key. A state machine:
/// events in, actions out.
///
/// A worker whose key may have been enrolled by an earlier process tries that key first, and enrolls it as a guest only
/// if it is not admitted. A guest sends one message.
package struct JoinProcedure: Sendable {
  package enum Identity: Sendable, Equatable {
    case guest, worker
  }

  package enum Event: Sendable, Equatable {
    case start
    /// The other side has proved that it is the coordinator, and admits this identity.
    case connected
    /// No program listens at the address.
    case unreachable
    /// The handshake failed, or the connection was closed.
    case failed
    /// The coordinator says that the invitation has ended.
    case ended(InvitationEnd)
    case enrolled(name: String)
    case refused(reason: String)
    /// The time of ``Action/wait(milliseconds:)`` has passed.
    case elapsed
  }

  package enum Action: Sendable, Equatable {
    case connect(Endpoint, as: Identity)
    case enroll
    /// The worker's key is admitted at this address. `name` is set if it was enrolled just now.
    case join(Endpoint, name: String?)
    case fail(reason: String)
    case wait(milliseconds: Int, reason: String)
  }

  private let token: JoinToken
  private var position = 0
  private var identity: Identity
  /// Whether the worker's key may have been enrolled.
  private var isKnown: Bool
  /// Whether the other side of any address has answered during this pass over the addresses.
  private var hasAnswer = false
  /// Set while the worker's key is tried because the guest is refused.
  private var refusal: String?
  private var delay = firstDelay

  private static let firstDelay = 500
  private static let longestDelay = 5_000

  package init(_ token: JoinToken, isKnown: Bool) {
    (self.token, self.isKnown) = (token, isKnown)
    identity = isKnown ? .worker : .guest
  }

  /// - Parameter time: Seconds since 1970.
  package mutating func handle(_ event: Event, at time: UInt64) -> Action {
    switch event {
    case .start, .elapsed: return begin()
    case .connected:
      if identity == .worker { return .join(address, name: nil) }
      // From now on, the coordinator may have enrolled the key, even if its answer is lost.
      isKnown = true
      return .enroll
    case .enrolled(let name): return .join(address, name: name)
    case .refused(let reason): return .fail(reason: reason)
    case .ended(let end):
      hasAnswer = true
      let reason = reason(of: end, at: time)
      guard identity == .guest, isKnown else { return .fail(reason: reason) }
      // The key may have been the last one to be enrolled.
      refusal = reason
      return connect(as: .worker)
    case .failed:
      hasAnswer = true
      if let refusal { return .fail(reason: refusal) }
      if identity == .worker { return connect(as: .guest) }
      return next()
    case .unreachable: return next()
    }
  }

  private var address: Endpoint { token.addresses[position] }

  private mutating func begin() -> Action {
    (position, hasAnswer, refusal) = (0, false, nil)
    return connect(as: isKnown ? .worker : .guest)
  }

  private mutating func connect(as identity: Identity) -> Action {
    self.identity = identity
    return .connect(address, as: identity)
  }

  private mutating func next() -> Action {
    if position + 1 < token.addresses.count {
      (position, refusal) = (position + 1, nil)
      return connect(as: isKnown ? .worker : .guest)
    }
    defer { delay = min(2 * delay, Self.longestDelay) }
    let places = token.addresses.map(\.text).joined(separator: ", ")
    return .wait(
      milliseconds: delay,
      reason: hasAnswer
        ? """
        the program at \(places) does not have the key of the token's coordinator, or does not know the token; run \
        `atelier doctor` with the token for a diagnosis
        """
        : "no program listens at \(places); waiting for the coordinator")
  }

  private func reason(of end: InvitationEnd, at time: UInt64) -> String {
    let advice = "create another with `atelier keys invite` on the coordinator's host"
    switch end {
    case .used: return "the join token has been used as often as it allows: \(advice)"
    case .withdrawn where time >= token.expiry: return "the join token has expired: \(advice)"
    case .withdrawn:
      return "the join token has been revoked, or has expired by the coordinator's clock: \(advice)"
    }
  }
}
