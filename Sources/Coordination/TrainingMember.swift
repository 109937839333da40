internal import SwiftProtobuf

/// One member of a training group: follows generations, takes part in the exchange, gets or gives the state. Events in, actions out.
///
/// What it counts as steps are rounds of the exchange: a step of the optimizer, or the validation at the end of an epoch.
package struct TrainingMember: Sendable {
  package enum Action: Sendable, Equatable {
    /// Make links to these; `me` is the member's own place.
    case connect([Member], me: Int)
    /// Compute the next round's part: ``beginRound(contributors:buckets:invalid:)``, then ``computedBucket(at:)`` for each bucket.
    case compute
    case exchange(ExchangeProtocol.Action)
    /// Ask that member for its state.
    case requestState(of: Int)
    case sendState(to: Int)
    /// The bytes at hand are said to be this state.
    case loadState(StateName)
    /// Go back to the state that was kept after so many steps.
    case restoreState(step: UInt64)
    /// Keep the state as it is: ``kept(_:)``.
    case keepState
    /// Give the coordinator the state that was kept after so many steps, or the present one if so many are done.
    case sendCheckpoint(step: UInt64)
    /// The message at hand has come early: hand it over again when ``isEarly(_:)`` says otherwise.
    case keepForLater
    /// Tell the coordinator how things stand.
    case report(Membership)
  }

  private let job: UInt64
  private let worker: WorkerID
  private let resendTimeout: Milliseconds
  /// Rounds done.
  package private(set) var step: UInt64
  private var isFinished: Bool
  private var group = Group()
  private var me = 0
  private var exchange: ExchangeProtocol?
  /// Whether the next round's part is to be computed.
  package private(set) var isComputing = false
  private var awaitsState = false
  /// When it began to wait for a state, or for the end.
  private var awaitedSince: Milliseconds = 0
  private var lastRequest: Milliseconds = 0
  private var stateBackoff = Backoff()
  private var lastReport: Milliseconds = .min / 2
  private var hasPaused = false
  /// The step of the checkpoint that was sent last in this generation; it is safe once the group's saved step has come that far.
  private var sentCheckpoint: UInt64 = 0
  /// The newest state that is kept and known to be right, and those that are yet to be agreed on, the oldest first; with whether a checkpoint
  /// is due there.
  private var agreed: StateName
  private var pending: [(comparison: Comparison, isCheckpointDue: Bool)] = []
  private var isCheckpointDue = false
  /// Whether it computes no further round until the coordinator has told of an agreement.
  private var isHeld = false
  /// Messages of older generations, and of exchanges that are over.
  private var dropped = 0

  /// Gradients that a state is as large as: parameters, two moments, their average, and the best.
  private static let stateSize = 5
  /// How often progress is told, at most.
  private static let reportInterval: Milliseconds = 200

  /// - Parameters:
  ///   - step: where the member stands before it has joined a group.
  ///   - agreed: a state that is kept and known to be right, since all workers begin with it or have agreed on it.
  ///   - resendTimeout: how long to wait for a message before asking for it again.
  package init(
    job: UInt64, worker: WorkerID, step: UInt64, agreed: StateName, isFinished: Bool, resendTimeout: Milliseconds
  ) {
    (self.job, self.worker, self.step, self.isFinished, self.resendTimeout) = (job, worker, step, isFinished, resendTimeout)
    self.agreed = agreed
  }

  package var generation: UInt64 { group.generation }
  package var members: [Member] { group.members }
  /// Rounds between two comparisons.
  package var interval: Int { max(1, Int(group.interval)) }
  package var position: Int { me }
  /// Steps after which a state is kept: it may still be needed.
  package var keptSteps: [UInt64] { [agreed.step] + pending.map(\.comparison.step) }
  /// The newest of them that is known to be right.
  package var agreedState: StateName { agreed }
  private var droppedMessages: Int { dropped + (exchange?.dropped ?? 0) }

  /// How the member stands, for the coordinator.
  package var membership: Membership {
    Membership.with {
      ($0.job, $0.generation) = (job, group.generation)
      // While it waits for a state, what it has is worth nothing.
      if !awaitsState { ($0.step, $0.agreedStep, $0.agreedDigest) = (step, agreed.step, agreed.digest) }
      $0.comparisons = pending.map(\.comparison)
      $0.stopped = !group.begun
      $0.droppedMessages = UInt64(droppedMessages)
    }
  }

  /// The orders have changed.
  package mutating func follow(_ new: Group, at now: Milliseconds) -> [Action] {
    guard new.generation > group.generation || new.generation == group.generation && (new.begun || !group.begun)
    else { return [] }
    let isAnnounced = new.generation > group.generation
    // A generation begins when all members have stopped for it. One that has not was made anew meanwhile: it says where it stands, and the
    // coordinator announces another generation.
    if isAnnounced, new.begun { return [.report(membership)] }
    let begins = new.begun && !group.begun
    let wasAlone = group.begun && group.members.count == 1 && group.members[0].worker == worker
    group = new
    noteAgreement()
    if begins { return begin(at: now) }
    if isAnnounced {
      dropped = droppedMessages
      (exchange, isComputing, awaitsState, isHeld) = (nil, false, false, false)
      return wasAlone ? [.keepState] : [.report(membership)]
    }
    return sendCheckpointIfDue() + pauseIfAsked() + (isHeld ? continueTraining() : [])
  }

  /// The state of a member that has trained alone, as it is now, is kept: nobody else could know whether it is right.
  package mutating func kept(_ state: StateName) -> [Action] {
    guard !group.begun else { return [] }
    (agreed, pending) = (state, [])
    return [.report(membership)]
  }

  /// What the coordinator says is agreed on, the member may have kept.
  private mutating func noteAgreement() {
    let state = StateName(step: group.agreedStep, digest: group.agreedDigest)
    guard let index = pending.firstIndex(where: { $0.comparison.name == state }) else { return }
    isCheckpointDue = isCheckpointDue || pending[...index].contains(where: \.isCheckpointDue)
    agreed = state
    pending.removeSubrange(...index)
  }

  private mutating func begin(at now: Milliseconds) -> [Action] {
    guard let position = group.members.firstIndex(where: { $0.worker == worker }) else { return [] }
    me = position
    (isComputing, isHeld, sentCheckpoint, awaitedSince) = (false, false, 0, now)
    // What was not agreed on may be spoiled by a member that is gone.
    pending = []
    let links = Action.connect(group.members, me: me)
    let source = group.members.firstIndex { $0.worker == group.source } ?? me
    exchange = ExchangeProtocol(memberCount: group.members.count, me: me, step: step, resendTimeout: resendTimeout)
    if agreed == beginning { return [links, .restoreState(step: agreed.step)] }
    awaitsState = source != me
    (lastRequest, stateBackoff) = (now, Backoff())
    return [links] + (awaitsState ? [.requestState(of: source)] : [])
  }

  /// The state that the generation begins with.
  private var beginning: StateName { StateName(step: group.step, digest: group.digest) }

  private var isAlone: Bool { group.members.count == 1 }

  private mutating func continueTraining() -> [Action] {
    isHeld = false
    if isFinished { return sendCheckpointIfDue() }
    if isAlone, group.pause { return pauseIfAsked() }
    // Further rounds may be in vain, and states take memory.
    if pending.count >= TrainingGroup.maxPending {
      isHeld = true
      return []
    }
    isComputing = true
    return [.compute]
  }

  /// A member that is alone sends its state as it is when the coordinator pauses.
  private mutating func pauseIfAsked() -> [Action] {
    guard group.pause, group.begun, isAlone, !isFinished, !hasPaused, !isComputing, !awaitsState,
      exchange?.waiting == nil
    else { return [] }
    hasPaused = true
    return [.sendCheckpoint(step: step)]
  }

  /// The first member sends the newest agreed state: at the end, when the coordinator pauses, and when an epoch has ended before it.
  private mutating func sendCheckpointIfDue() -> [Action] {
    guard me == 0, group.begun, !awaitsState else { return [] }
    if isFinished, isAlone || agreed.step == step {
      guard sentCheckpoint != step || step == 0 else { return [] }
      sentCheckpoint = step
      return [.sendCheckpoint(step: step)]
    }
    // Where epochs are shorter than it takes to save one, some are left out: what waits to be saved would fill the memory.
    guard !isAlone, isCheckpointDue || group.pause, agreed.step > group.savedStep, sentCheckpoint <= group.savedStep
    else { return [] }
    (sentCheckpoint, isCheckpointDue) = (agreed.step, false)
    return [.sendCheckpoint(step: agreed.step)]
  }

  /// The round's part begins to be computed.
  /// - Parameters:
  ///   - contributors: the members that have shards in this round.
  ///   - isDirect: whether every member adds up the whole: see ``ExchangeProtocol/begin(contributors:buckets:isDirect:invalid:)``.
  ///   - invalid: what has come for it, and cannot be part of it.
  package mutating func beginRound(
    contributors: Set<Int>, buckets: Int, isDirect: Bool = false, invalid: [ExchangeProtocol.Message] = []
  ) {
    exchange?.begin(contributors: contributors, buckets: buckets, isDirect: isDirect, invalid: invalid)
  }

  /// The next bucket of the round's part has been computed. All its contributions are to be sent at once; the rest, which comes with the
  /// last bucket, when the member has time.
  package mutating func computedBucket(at now: Milliseconds) -> [Action] {
    // Another generation may have been announced meanwhile.
    guard isComputing, exchange != nil else { return [] }
    let actions = exchange!.computedBucket(at: now)
    isComputing = exchange!.isComputing
    return actions.map { .exchange($0) }
  }

  /// Whether the state after the round in hand is to be compared with other members'.
  /// - Parameter isFinished: whether the training is at its end then
  package func isComparisonDue(isFinished: Bool) -> Bool {
    !isAlone && (isFinished || (step + 1) % UInt64(max(1, group.interval)) == 0)
  }

  /// Whether gradients are computed by several members at all.
  package var checksGradients: Bool { group.checkedShards > 0 }

  /// How many shards of each member are to be computed again in the round in hand.
  /// - Parameter isLast: whether no round with gradients comes before a state that will count
  package func checkedShards(isLast: Bool) -> Int {
    guard !isAlone, isLast || (step + 1) % UInt64(max(1, group.interval)) == 0 else { return 0 }
    return Int(group.checkedShards)
  }

  /// The round's total has been applied.
  /// - Parameters:
  ///   - isCheckpointDue: whether an epoch has ended
  ///   - comparison: of the state as it is, which is kept: see ``isComparisonDue(isFinished:)``
  package mutating func applied(
    isFinished: Bool, isCheckpointDue: Bool, comparison: Comparison? = nil, at now: Milliseconds
  ) -> [Action] {
    step += 1
    (self.isFinished, awaitedSince) = (isFinished, now)
    if isCheckpointDue { self.isCheckpointDue = true }
    if let comparison {
      pending.append((comparison, self.isCheckpointDue))
      self.isCheckpointDue = false
    }
    var actions: [Action] = []
    if comparison != nil || now - lastReport >= Self.reportInterval || isFinished {
      lastReport = now
      actions.append(.report(membership))
    }
    if isCheckpointDue, !isFinished, isAlone, sentCheckpoint <= group.savedStep {
      sentCheckpoint = step
      actions.append(.sendCheckpoint(step: step))
    }
    return actions + continueTraining()
  }

  /// Whether a message is of a generation that is yet to begin here, or of rounds after a state that is yet to come.
  package func isEarly(_ header: ExchangeHeader) -> Bool {
    guard header.generation == group.generation, group.begun else { return header.generation >= group.generation }
    return awaitsState && [.contribution, .total].contains(header.kind) && header.step >= group.step
  }

  /// - Parameter isValid: whether its bytes can be what they are said to be; otherwise they are as good as lost.
  package mutating func receive(_ header: ExchangeHeader, isValid: Bool = true, at now: Milliseconds) -> [Action] {
    guard header.job == job, header.generation >= group.generation else { return drop() }
    if isEarly(header) { return [.keepForLater] }
    let sender = Int(header.sender)
    guard exchange != nil, sender < group.members.count, sender != me else { return drop() }
    switch header.kind {
    case .stateRequest: return !awaitsState && agreed == beginning ? [.sendState(to: sender)] : []
    case .state:
      guard awaitsState, header.step == group.step else { return drop() }
      return [.loadState(beginning)]
    default:
      let piece = ExchangeProtocol.Piece(step: header.step, bucket: Int(header.bucket))
      return exchange!.receive(header.kind, piece, from: sender, isValid: isValid, at: now).map { .exchange($0) }
    }
  }

  private mutating func drop() -> [Action] {
    dropped += 1
    return []
  }

  /// The state that the generation begins with is in place, and kept. One that cannot be used is treated as lost: it is asked for again.
  package mutating func loaded(isFinished: Bool, at now: Milliseconds) -> [Action] {
    (step, self.isFinished, awaitsState, awaitedSince) = (group.step, isFinished, false, now)
    (agreed, pending) = (beginning, [])
    dropped = droppedMessages
    exchange = ExchangeProtocol(memberCount: group.members.count, me: me, step: step, resendTimeout: resendTimeout)
    return continueTraining()
  }

  package mutating func tick(at now: Milliseconds) -> [Action] {
    guard group.begun else { return [] }
    if awaitsState, now - lastRequest >= stateBackoff.wait(resendTimeout) {
      lastRequest = now
      stateBackoff.noteRequest()
      return [.requestState(of: group.members.firstIndex { $0.worker == group.source } ?? 0)]
    }
    return exchange?.tick(at: now).map { .exchange($0) } ?? []
  }

  /// Whom it waits for, and for how long (0: for all that are not at the end of the training); for a state, which is several times as large as a gradient, that is counted as so much less.
  package func waiting(at now: Milliseconds) -> (for: WorkerID, milliseconds: Milliseconds)? {
    if awaitsState { return (group.source, (now - awaitedSince) / Self.stateSize) }
    // The training ends when all members have come to its end; what one of them lacks may be of this one. 0: of whomever.
    if isFinished, group.begun { return isAlone ? nil : (0, now - awaitedSince) }
    guard let waiting = exchange?.waiting, let first = waiting.for.first else { return nil }
    return (group.members[first].worker, now - waiting.since)
  }
}
