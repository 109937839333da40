/// One member's side of the gradient exchange: which messages go out, and what is waited for. Who holds the bytes is another matter.
///
/// The gradient is divided into as many parts as there are members. In each step every member sends each other one its contribution to that
/// one's part (reduce-scatter), adds up its own part when all contributions are there, and sends the total to all (all-gather: Patarasuk
/// and Yuan, 2009). Two members send each other the whole instead: no more bytes, and one wait less.
///
/// A member can be ahead of another by one phase, so a message may come before it is waited for. What does not come is asked for again;
/// therefore members keep what they sent in this step and the one before.
package struct ExchangeProtocol: Sendable {
  package typealias Kind = ExchangeHeader.Kind

  package enum Action: Sendable, Equatable {
    /// The bytes of the message at hand are new.
    case keep
    /// Send a contribution or total of a step, again or for the first time.
    case send(Kind, step: UInt64, to: Int)
    /// Ask for a contribution or total; the kind is that of the request.
    case request(Kind, step: UInt64, of: Int)
    /// All contributions are there: add them up. Totals, if there are any, are sent thereafter.
    case combine
    /// The whole total is there: the step is done.
    case complete
  }

  private enum Phase: Int, Comparable {
    case computing, contributing, totalling
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  package let memberCount: Int
  package let me: Int
  private let patience: Milliseconds
  /// The step in hand: so many are done.
  package private(set) var step: UInt64
  private var phase = Phase.computing
  /// Members that contribute to the step in hand.
  private var contributors: Set<Int> = []
  /// By step: who has sent what. Only this step and the next.
  private var contributions: [UInt64: Set<Int>] = [:]
  private var totals: [UInt64: Set<Int>] = [:]
  private var waitingSince: Milliseconds = 0
  private var lastRequest: Milliseconds = 0
  /// Messages that nobody waits for.
  package private(set) var dropped = 0

  /// - Parameter step: steps that are done already.
  package init(memberCount: Int, me: Int, step: UInt64, patience: Milliseconds) {
    (self.memberCount, self.me, self.step, self.patience) = (memberCount, me, step, patience)
  }

  /// Whether every member adds up the whole, and no totals are sent.
  package var isDirect: Bool { Self.isDirect(memberCount: memberCount) }

  package static func isDirect(memberCount: Int) -> Bool { memberCount <= 2 }

  private var others: [Int] { (0..<memberCount).filter { $0 != me } }

  /// The member has computed its shards of the step in hand.
  /// - Parameter contributors: the members that have any shards in this step.
  package mutating func begin(contributors: Set<Int>, at now: Milliseconds) -> [Action] {
    precondition(phase == .computing)
    // Without totals, a contribution (perhaps of nothing) also says that its sender is in this step.
    self.contributors = isDirect ? Set(0..<memberCount) : contributors
    phase = .contributing
    (waitingSince, lastRequest) = (now, now)
    let sent = self.contributors.contains(me) ? others.map { Action.send(.contribution, step: step, to: $0) } : []
    return sent + advance()
  }

  package mutating func receive(
    _ kind: Kind, step: UInt64, from sender: Int, at now: Milliseconds
  ) -> [Action] {
    guard sender != me, sender < memberCount else { return drop() }
    switch kind {
    case .contribution, .total:
      // A peer can have finished this step, and be in the next.
      guard step == self.step || step == self.step + 1 else { return drop() }
      let isNew =
        kind == .contribution
        ? contributions[step, default: []].insert(sender).inserted : totals[step, default: []].insert(sender).inserted
      guard isNew else { return drop() }
      waitingSince = now
      return [.keep] + (step == self.step ? advance() : [])
    case .contributionRequest:
      return hasSent(.contributing, step) ? [.send(.contribution, step: step, to: sender)] : []
    case .totalRequest:
      return hasSent(.totalling, step) ? [.send(.total, step: step, to: sender)] : []
    default: return drop()
    }
  }

  private mutating func drop() -> [Action] {
    dropped += 1
    return []
  }

  private func hasSent(_ phase: Phase, _ step: UInt64) -> Bool {
    step == self.step ? self.phase >= phase : step + 1 == self.step
  }

  private mutating func advance() -> [Action] {
    var actions: [Action] = []
    if phase == .contributing, contributors.subtracting([me]).isSubset(of: contributions[step, default: []]) {
      phase = .totalling
      actions.append(.combine)
      if !isDirect { actions += others.map { .send(.total, step: step, to: $0) } }
    }
    if phase == .totalling, isDirect || totals[step, default: []].count == memberCount - 1 {
      contributions[step] = nil
      totals[step] = nil
      step += 1
      phase = .computing
      actions.append(.complete)
    }
    return actions
  }

  /// Whom the member waits for, and since when; nil while it computes.
  package var waiting: (for: [Int], since: Milliseconds)? {
    switch phase {
    case .computing: nil
    case .contributing:
      (contributors.subtracting([me]).subtracting(contributions[step, default: []]).sorted(), waitingSince)
    case .totalling: (others.filter { !totals[step, default: []].contains($0) }, waitingSince)
    }
  }

  /// Time has passed: what does not come is asked for again.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    guard let waiting, now - max(waiting.since, lastRequest) >= patience else { return [] }
    lastRequest = now
    let kind: Kind = phase == .contributing ? .contributionRequest : .totalRequest
    return waiting.for.map { .request(kind, step: step, of: $0) }
  }
}
