/// One member's side of the gradient exchange: which messages go out, and what is waited for. Who holds the bytes is another matter.
///
/// The gradient is divided into buckets, which go out one after the other while the next are still being computed (Li et al., "PyTorch
/// Distributed", 2020), and each bucket into as many parts as there are members. In each step every member sends each other one its
/// contribution to that one's part (reduce-scatter), adds up its own part when all contributions are there, and sends the total to all
/// (all-gather: Patarasuk and Yuan, 2009). Two members send each other the whole instead: no more bytes, and one wait less.
///
/// A member can be ahead of another by one step, so a message may come before it is waited for. What does not come is asked for again;
/// therefore members keep what they sent in this step and the one before.
package struct ExchangeProtocol: Sendable {
  package typealias Kind = ExchangeHeader.Kind

  /// A contribution or total: what it is part of.
  package struct Piece: Sendable, Hashable {
    package let step: UInt64
    package let bucket: Int

    package init(step: UInt64, bucket: Int) { (self.step, self.bucket) = (step, bucket) }
  }

  /// What another member has sent.
  package struct Message: Sendable, Hashable {
    package let kind: Kind
    package let piece: Piece
    package let sender: Int

    package init(kind: Kind, piece: Piece, sender: Int) {
      (self.kind, self.piece, self.sender) = (kind, piece, sender)
    }
  }

  package enum Action: Sendable, Equatable {
    /// The bytes of the message at hand are new.
    case keep
    /// Send a contribution or total, again or for the first time.
    case send(Kind, Piece, to: Int)
    /// Ask for a contribution or total; the kind is that of the request.
    case request(Kind, Piece, of: Int)
    /// All contributions to the bucket are there: add them up. The total, if one is sent, is sent thereafter.
    case combine(Piece)
    /// The whole total is there: the step is done.
    case complete
  }

  package let memberCount: Int
  package let me: Int
  private let resendTimeout: Milliseconds
  /// The step in hand: so many are done.
  package private(set) var step: UInt64
  /// Of the step in hand, how many; 0 before it is begun.
  private var bucketCount = 0
  /// Buckets that this member has computed, and added up: the first so many.
  private var computed = 0
  private var combined = 0
  /// Whether every member adds up the whole in the step in hand, though they are more than two.
  private var isDirectStep = false
  /// Members that contribute to the step in hand.
  private var contributors: Set<Int> = []
  /// Who has sent what. Only of this step and the next.
  private var contributions: [Piece: Set<Int>] = [:]
  private var totals: [Piece: Set<Int>] = [:]
  private var waitingSince: Milliseconds = 0
  private var lastRequest: Milliseconds = 0
  private var backoff = Backoff()
  /// Messages that nobody waits for.
  package private(set) var dropped = 0

  /// More buckets than any gradient has.
  private static let maxBuckets = 64

  /// - Parameter step: steps that are done already.
  package init(memberCount: Int, me: Int, step: UInt64, resendTimeout: Milliseconds) {
    (self.memberCount, self.me, self.step, self.resendTimeout) = (memberCount, me, step, resendTimeout)
  }

  /// Whether every member adds up the whole, and no totals are sent.
  package var isDirect: Bool { isDirectStep || Self.isDirect(memberCount: memberCount) }

  package static func isDirect(memberCount: Int) -> Bool { memberCount <= 2 }

  private var others: [Int] { (0..<memberCount).filter { $0 != me } }

  /// The member begins to compute its shards of the step in hand.
  /// - Parameters:
  ///   - contributors: the members that have any shards in this step.
  ///   - isDirect: whether every member adds up the whole, which shows if one of them adds wrongly; the same for all.
  ///   - invalid: what has come for it, and cannot be part of it: as good as lost.
  package mutating func begin(
    contributors: Set<Int>, buckets: Int, isDirect isDirectStep: Bool = false, invalid: [Message] = []
  ) {
    precondition(bucketCount == 0 && (1...Self.maxBuckets).contains(buckets))
    self.isDirectStep = isDirectStep
    // Without totals, a contribution (perhaps of nothing) also says that its sender is in this step.
    self.contributors = isDirect ? Set(0..<memberCount) : contributors
    bucketCount = buckets
    for message in invalid {
      if message.kind == .total {
        totals[message.piece]?.remove(message.sender)
      } else {
        contributions[message.piece]?.remove(message.sender)
      }
    }
    dropped += invalid.count
  }

  /// The member has computed the next bucket. Before it has computed all, it only sends.
  package mutating func computedBucket(at now: Milliseconds) -> [Action] {
    precondition(computed < bucketCount)
    let piece = Piece(step: step, bucket: computed)
    computed += 1
    (waitingSince, lastRequest) = (now, now)
    let sent = contributors.contains(me) ? others.map { Action.send(.contribution, piece, to: $0) } : []
    return sent + (isWaiting ? advance() : [])
  }

  /// - Parameter isValid: whether it can be part of its step; otherwise it is as good as lost.
  package mutating func receive(
    _ kind: Kind, _ piece: Piece, from sender: Int, isValid: Bool = true, at now: Milliseconds
  ) -> [Action] {
    guard sender != me, sender < memberCount, (0..<Self.maxBuckets).contains(piece.bucket) else { return drop() }
    switch kind {
    case .contribution, .total:
      // A peer can have finished this step, and be in the next.
      guard isValid, piece.step == step || piece.step == step + 1 else { return drop() }
      let isNew =
        kind == .contribution
        ? contributions[piece, default: []].insert(sender).inserted : totals[piece, default: []].insert(sender).inserted
      guard isNew else { return drop() }
      waitingSince = now
      backoff = Backoff()
      return [.keep] + (piece.step == step && isWaiting ? advance() : [])
    case .contributionRequest: return hasSent(piece, computed) ? [.send(.contribution, piece, to: sender)] : []
    case .totalRequest: return hasSent(piece, combined) ? [.send(.total, piece, to: sender)] : []
    default: return drop()
    }
  }

  private mutating func drop() -> [Action] {
    dropped += 1
    return []
  }

  private func hasSent(_ piece: Piece, _ count: Int) -> Bool {
    piece.step == step ? piece.bucket < count : step > 0 && piece.step == step - 1
  }

  /// Whether the member is at work on the step in hand.
  var isComputing: Bool { bucketCount > 0 && computed < bucketCount }

  /// Whether the member has computed all it has to.
  private var isWaiting: Bool { bucketCount > 0 && computed == bucketCount }

  private func piece(_ bucket: Int) -> Piece { Piece(step: step, bucket: bucket) }

  private func missingContributors(_ bucket: Int) -> Set<Int> {
    contributors.subtracting([me]).subtracting(contributions[piece(bucket), default: []])
  }

  private func missingTotals(_ bucket: Int) -> Set<Int> {
    isDirect ? [] : Set(others).subtracting(totals[piece(bucket), default: []])
  }

  private mutating func advance() -> [Action] {
    var actions: [Action] = []
    while combined < computed, missingContributors(combined).isEmpty {
      let piece = piece(combined)
      actions.append(.combine(piece))
      if !isDirect { actions += others.map { .send(.total, piece, to: $0) } }
      combined += 1
    }
    if combined == bucketCount, (0..<bucketCount).allSatisfy({ missingTotals($0).isEmpty }) {
      contributions = contributions.filter { $0.key.step > step }
      totals = totals.filter { $0.key.step > step }
      step += 1
      (bucketCount, computed, combined) = (0, 0, 0)
      actions.append(.complete)
    }
    return actions
  }

  /// What is missing, and from whom; empty while the member computes.
  private var missing: [(kind: Kind, bucket: Int, members: Set<Int>)] {
    guard isWaiting else { return [] }
    let all =
      combined < bucketCount
      ? (combined..<bucketCount).map { (Kind.contributionRequest, $0, missingContributors($0)) }
      : (0..<bucketCount).map { (Kind.totalRequest, $0, missingTotals($0)) }
    return all.filter { !$0.2.isEmpty }
  }

  /// Whom the member waits for, and since when; nil while it computes.
  package var waiting: (for: [Int], since: Milliseconds)? {
    isWaiting ? (missing.first?.members.sorted() ?? [], waitingSince) : nil
  }

  /// Time has passed: what does not come is asked for again.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    guard isWaiting, now - max(waitingSince, lastRequest) >= backoff.wait(resendTimeout) else { return [] }
    lastRequest = now
    backoff.noteRequest()
    return missing.flatMap { kind, bucket, members in
      members.sorted().map { .request(kind, piece(bucket), of: $0) }
    }
  }
}
