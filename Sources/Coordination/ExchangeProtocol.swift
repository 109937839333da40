/// One member's side of the gradient exchange: decides which messages to send and which to wait for. The caller holds
/// the bytes.
///
/// The gradient is divided into buckets. Each bucket is sent while the next ones are still being computed (Li et al.,
/// "PyTorch Distributed", 2020). A bucket has as many parts as the group has members. In each step every member sends
/// every other member a contribution to that member's part (reduce-scatter), adds up its own part when all
/// contributions have arrived, and sends the total to all (all-gather: Patarasuk and Yuan, 2009). Two members send each
/// other the whole bucket instead: the same number of bytes, with one wait less.
///
/// A member can be one step ahead of another, so a message may arrive before the receiver waits for it. A missing
/// message is requested again; therefore members keep the messages that they sent in the current step and in the one
/// before.
package struct ExchangeProtocol: Sendable {
  package typealias Kind = ExchangeHeader.Kind

  /// The step and the bucket that a contribution or total belongs to.
  package struct Piece: Sendable, Hashable {
    package let step: UInt64
    package let bucket: Int

    package init(step: UInt64, bucket: Int) { (self.step, self.bucket) = (step, bucket) }
  }

  /// A message from another member.
  package struct Message: Sendable, Hashable {
    package let kind: Kind
    package let piece: Piece
    package let sender: Int

    package init(kind: Kind, piece: Piece, sender: Int) {
      (self.kind, self.piece, self.sender) = (kind, piece, sender)
    }
  }

  package enum Action: Sendable, Equatable {
    /// Keep the bytes of the message that is being handled: they are new.
    case keep
    /// Send a contribution or total, possibly again.
    case send(Kind, Piece, to: Int)
    /// Request a contribution or total. The kind is that of the request.
    case request(Kind, Piece, of: Int)
    /// Add up the contributions to a bucket, which have all arrived. If the total is to be sent, the actions that send
    /// it follow.
    case combine(Piece)
    /// The step is done: the total of all buckets is complete.
    case complete
  }

  package let memberCount: Int
  package let me: Int
  private let resendTimeout: Milliseconds
  /// The number of completed steps, which is the current step.
  package private(set) var step: UInt64
  /// The number of buckets of the current step; 0 before the step has begun.
  private var bucketCount = 0
  /// The number of buckets that this member has computed, in order.
  private var computed = 0
  /// The number of buckets that this member has added up, in order.
  private var combined = 0
  /// Whether every member adds up the whole gradient in the current step, although the group has more than two members.
  private var isDirectStep = false
  /// The members that contribute to the current step.
  private var contributors: Set<Int> = []
  /// The senders of each contribution of the current step and the next.
  private var contributions: [Piece: Set<Int>] = [:]
  /// The senders of each total of the current step and the next.
  private var totals: [Piece: Set<Int>] = [:]
  private var waitingSince: Milliseconds = 0
  private var lastRequest: Milliseconds = 0
  private var backoff = Backoff()
  /// The number of messages that were not needed.
  package private(set) var dropped = 0

  /// A bound that no gradient reaches.
  private static let maxBuckets = 64

  /// - Parameter step: The number of steps that are already done.
  package init(memberCount: Int, me: Int, step: UInt64, resendTimeout: Milliseconds) {
    (self.memberCount, self.me, self.step, self.resendTimeout) = (memberCount, me, step, resendTimeout)
  }

  /// Whether every member adds up the whole gradient, so that no totals are sent.
  package var isDirect: Bool { isDirectStep || Self.isDirect(memberCount: memberCount) }

  package static func isDirect(memberCount: Int) -> Bool { memberCount <= 2 }

  private var others: [Int] { (0..<memberCount).filter { $0 != me } }

  /// Begins the current step: the member starts to compute its shards.
  /// - Parameters:
  ///   - contributors: The members that have shards in this step.
  ///   - isDirect: Whether every member adds up the whole gradient, which reveals a member that adds wrongly. The value
  ///     must be the same for all members.
  ///   - invalid: Messages of this step that have arrived and cannot belong to it. They are treated as lost.
  package mutating func begin(
    contributors: Set<Int>, buckets: Int, isDirect isDirectStep: Bool = false, invalid: [Message] = []
  ) {
    precondition(bucketCount == 0 && (1...Self.maxBuckets).contains(buckets))
    self.isDirectStep = isDirectStep
    // Without totals, a contribution (possibly an empty one) also shows that its sender takes part in this step.
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

  /// Notes that the member has computed the next bucket. Until the last bucket, the member sends contributions only.
  package mutating func computedBucket(at now: Milliseconds) -> [Action] {
    precondition(computed < bucketCount)
    let piece = Piece(step: step, bucket: computed)
    computed += 1
    (waitingSince, lastRequest) = (now, now)
    let sent = contributors.contains(me) ? others.map { Action.send(.contribution, piece, to: $0) } : []
    return sent + (isWaiting ? advance() : [])
  }

  /// - Parameter isValid: Whether the message can belong to its step. If not, it is treated as lost.
  package mutating func receive(
    _ kind: Kind, _ piece: Piece, from sender: Int, isValid: Bool = true, at now: Milliseconds
  ) -> [Action] {
    guard sender != me, sender < memberCount, (0..<Self.maxBuckets).contains(piece.bucket) else { return drop() }
    switch kind {
    case .contribution, .total:
      // The sender may already be in the next step.
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

  /// Whether the member has buckets of the current step left to compute.
  var isComputing: Bool { bucketCount > 0 && computed < bucketCount }

  /// Whether the member has computed all buckets of the current step.
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

  /// The missing messages of each bucket, with their senders; empty while the member computes.
  private var missing: [(kind: Kind, bucket: Int, members: Set<Int>)] {
    guard isWaiting else { return [] }
    let all =
      combined < bucketCount
      ? (combined..<bucketCount).map { (Kind.contributionRequest, $0, missingContributors($0)) }
      : (0..<bucketCount).map { (Kind.totalRequest, $0, missingTotals($0)) }
    return all.filter { !$0.2.isEmpty }
  }

  /// The members that this member waits for, and the time since when; nil while it computes.
  package var waiting: (for: [Int], since: Milliseconds)? {
    isWaiting ? (missing.first?.members.sorted() ?? [], waitingSince) : nil
  }

  /// Requests missing messages again if the timeout has passed.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    guard isWaiting, now - max(waitingSince, lastRequest) >= backoff.wait(resendTimeout) else { return [] }
    lastRequest = now
    backoff.noteRequest()
    return missing.flatMap { kind, bucket, members in
      members.sorted().map { .request(kind, piece(bucket), of: $0) }
    }
  }
}
