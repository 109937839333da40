internal import SwiftProtobuf

/// A member's side of the training protocol: follows generations, takes part in the exchange, and requests or sends
/// states. Events in, actions out.
///
/// Steps are counted in rounds of the exchange: a step of the optimizer, or the validation at the end of an epoch.
package struct TrainingMember: Sendable {
  package enum Action: Sendable, Equatable {
    /// Connect to these members; `me` is the member's own position.
    case connect([Member], me: Int)
    /// Compute the next round: call ``beginRound(contributors:buckets:isDirect:invalid:)``, then
    /// ``computedBucket(at:)`` for each bucket.
    case compute
    case exchange(ExchangeProtocol.Action)
    /// Request the state of this member.
    case requestState(of: Int)
    case sendState(to: Int)
    /// Load the bytes of the message that is being handled, which should contain this state.
    case loadState(StateName)
    /// Restore the state that was kept after this step.
    case restoreState(step: UInt64)
    /// Keep the current state, and call ``kept(_:)``.
    case keepState
    /// Send the coordinator the state that was kept after this step, or the current state if this is the current step.
    case sendCheckpoint(step: UInt64)
    /// Keep the message that is being handled, and handle it again when ``isEarly(_:)`` returns false for it.
    case keepForLater
    /// Report this to the coordinator.
    case report(Membership)
  }

  private let job: UInt64
  private let worker: WorkerID
  private let resendTimeout: Milliseconds
  /// The number of completed rounds.
  package private(set) var step: UInt64
  private var isFinished: Bool
  private var group = Group()
  private var me = 0
  private var exchange: ExchangeProtocol?
  /// Whether the member is computing its shards of a round.
  package private(set) var isComputing = false
  private var awaitsState = false
  /// The time at which the member began to wait for a state or for the end of the training.
  private var awaitedSince: Milliseconds = 0
  private var lastRequest: Milliseconds = 0
  private var stateBackoff = Backoff()
  private var lastReport: Milliseconds = .min / 2
  private var hasPaused = false
  /// The step of the last checkpoint that was sent in this generation. The coordinator has saved it once the group's
  /// saved step has reached it.
  private var sentCheckpoint: UInt64 = 0
  /// The newest kept state that is known to be correct.
  private var agreed: StateName
  /// The kept states that are yet to be agreed on, the oldest first, and whether a checkpoint is due at each.
  private var pending: [(comparison: Comparison, isCheckpointDue: Bool)] = []
  private var isCheckpointDue = false
  /// Whether the member computes no further rounds until the coordinator has reported an agreement.
  private var awaitsAgreement = false
  /// The number of dropped messages of older generations and of exchanges that have ended.
  private var dropped = 0

  /// The size of a state in gradients: the parameters, two moments, the average and the best parameters.
  private static let stateSize = 5
  /// The shortest time between two reports of progress.
  private static let reportInterval: Milliseconds = 200

  /// - Parameters:
  ///   - step: The number of completed rounds, before the member joins a group.
  ///   - agreed: A kept state that is known to be correct: all workers begin with it, or have agreed on it.
  ///   - resendTimeout: The time after which a missing message is requested again.
  package init(
    job: UInt64, worker: WorkerID, step: UInt64, agreed: StateName, isFinished: Bool, resendTimeout: Milliseconds
  ) {
    (self.job, self.worker, self.step, self.isFinished) = (job, worker, step, isFinished)
    (self.agreed, self.resendTimeout) = (agreed, resendTimeout)
  }

  package var generation: UInt64 { group.generation }
  package var members: [Member] { group.members }
  /// The number of rounds from one comparison to the next.
  package var interval: Int { max(1, Int(group.interval)) }
  package var position: Int { me }
  /// The steps after which states are kept, because they may still be needed.
  package var keptSteps: [UInt64] { [agreed.step] + pending.map(\.comparison.step) }
  /// The newest kept state that is known to be correct.
  package var agreedState: StateName { agreed }
  private var droppedMessages: Int { dropped + (exchange?.dropped ?? 0) }

  /// The report to the coordinator.
  package var membership: Membership {
    Membership.with {
      ($0.job, $0.generation) = (job, group.generation)
      // A member that waits for a state has no valid state.
      if !awaitsState { ($0.step, $0.agreedStep, $0.agreedDigest) = (step, agreed.step, agreed.digest) }
      $0.comparisons = pending.map(\.comparison)
      $0.stopped = !group.begun
      $0.droppedMessages = UInt64(droppedMessages)
    }
  }

  /// Follows new orders.
  package mutating func follow(_ new: Group, at now: Milliseconds) -> [Action] {
    guard new.generation > group.generation || new.generation == group.generation && (new.begun || !group.begun)
    else { return [] }
    let isAnnounced = new.generation > group.generation
    // A generation begins when all members have stopped for it. A member that has not was created again meanwhile: it
    // reports its state, and the coordinator announces another generation.
    if isAnnounced, new.begun { return [.report(membership)] }
    let begins = new.begun && !group.begun
    let wasAlone = group.begun && group.members.count == 1 && group.members[0].worker == worker
    group = new
    noteAgreement()
    if begins { return begin(at: now) }
    if isAnnounced {
      dropped = droppedMessages
      (exchange, isComputing, awaitsState, awaitsAgreement) = (nil, false, false, false)
      return wasAlone ? [.keepState] : [.report(membership)]
    }
    return sendCheckpointIfDue() + pauseIfRequested() + (awaitsAgreement ? continueTraining() : [])
  }

  /// Notes that the current state of a member that trained alone is kept. It counts as correct, since no other member
  /// can check it.
  package mutating func kept(_ state: StateName) -> [Action] {
    guard !group.begun else { return [] }
    (agreed, pending) = (state, [])
    return [.report(membership)]
  }

  /// Notes the state that the coordinator reports as agreed on, if the member has kept it.
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
    (isComputing, awaitsAgreement, sentCheckpoint, awaitedSince) = (false, false, 0, now)
    // A member that was lost may have corrupted the states that were not agreed on.
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
    awaitsAgreement = false
    if isFinished { return sendCheckpointIfDue() }
    if isAlone, group.pause { return pauseIfRequested() }
    // Further rounds may have to be computed again, and kept states take memory.
    if pending.count >= TrainingGroup.maxPending {
      awaitsAgreement = true
      return []
    }
    isComputing = true
    return [.compute]
  }

  /// Sends the current state if the coordinator has requested a pause and the member is alone.
  private mutating func pauseIfRequested() -> [Action] {
    guard group.pause, group.begun, isAlone, !isFinished, !hasPaused, !isComputing, !awaitsState,
      exchange?.waiting == nil
    else { return [] }
    hasPaused = true
    return [.sendCheckpoint(step: step)]
  }

  /// Sends the newest agreed state if this is the first member, and the training has ended, a pause is requested, or an
  /// epoch has ended.
  private mutating func sendCheckpointIfDue() -> [Action] {
    guard me == 0, group.begun, !awaitsState else { return [] }
    if isFinished, isAlone || agreed.step == step {
      guard sentCheckpoint != step || step == 0 else { return [] }
      sentCheckpoint = step
      return [.sendCheckpoint(step: step)]
    }
    // If an epoch takes less time than saving a state, some epochs are left out: waiting states would fill the memory.
    guard !isAlone, isCheckpointDue || group.pause, agreed.step > group.savedStep, sentCheckpoint <= group.savedStep
    else { return [] }
    (sentCheckpoint, isCheckpointDue) = (agreed.step, false)
    return [.sendCheckpoint(step: agreed.step)]
  }

  /// Begins a round: the member starts to compute its shards.
  /// - Parameters:
  ///   - contributors: The members that have shards in this round.
  ///   - isDirect: Whether every member adds up the whole gradient: see
  ///     ``ExchangeProtocol/begin(contributors:buckets:isDirect:invalid:)``.
  ///   - invalid: Messages of this round that have arrived and cannot belong to it.
  package mutating func beginRound(
    contributors: Set<Int>, buckets: Int, isDirect: Bool = false, invalid: [ExchangeProtocol.Message] = []
  ) {
    exchange?.begin(contributors: contributors, buckets: buckets, isDirect: isDirect, invalid: invalid)
  }

  /// Notes that the member has computed the next bucket of the round.
  /// - Returns: The contributions, to be sent at once. The other actions, which follow the last bucket, are less
  ///   urgent.
  package mutating func computedBucket(at now: Milliseconds) -> [Action] {
    // Another generation may have been announced meanwhile.
    guard isComputing, exchange != nil else { return [] }
    let actions = exchange!.computedBucket(at: now)
    isComputing = exchange!.isComputing
    return actions.map { .exchange($0) }
  }

  /// Returns whether the state after the current round is compared with those of the other members.
  /// - Parameter isFinished: Whether the training ends with this round.
  package func isComparisonDue(isFinished: Bool) -> Bool {
    !isAlone && (isFinished || (step + 1) % UInt64(max(1, group.interval)) == 0)
  }

  /// Whether some gradients are computed by several members.
  package var checksGradients: Bool { group.checkedShards > 0 }

  /// Returns the number of shards of each member that are computed again in the current round.
  /// - Parameter isLast: Whether this is the last round with gradients before the final state.
  package func checkedShards(isLast: Bool) -> Int {
    guard !isAlone, isLast || (step + 1) % UInt64(max(1, group.interval)) == 0 else { return 0 }
    return Int(group.checkedShards)
  }

  /// Notes that the total of the round has been applied.
  /// - Parameters:
  ///   - isCheckpointDue: Whether an epoch has ended.
  ///   - comparison: The digests of the current state, which is kept; nil unless ``isComparisonDue(isFinished:)``.
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

  /// Returns whether a message belongs to a generation that has not begun here, or to a round after a state that this
  /// member has yet to receive.
  package func isEarly(_ header: ExchangeHeader) -> Bool {
    guard header.generation == group.generation, group.begun else { return header.generation >= group.generation }
    return awaitsState && [.contribution, .total].contains(header.kind) && header.step >= group.step
  }

  /// - Parameter isValid: Whether the message's bytes can be what its header says. If not, it is treated as lost.
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

  /// Notes that the initial state of the generation is loaded and kept. If a received state is invalid, do not call
  /// this method: the state is treated as lost, and requested again.
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

  /// Returns the member that this member waits for (0: all members that have not finished the training), and for how
  /// long.
  ///
  /// A state is several times as large as a gradient, so the time of waiting for one is divided by its size.
  package func waiting(at now: Milliseconds) -> (for: WorkerID, milliseconds: Milliseconds)? {
    if awaitsState { return (group.source, (now - awaitedSince) / Self.stateSize) }
    // The training ends when all members have finished it. A member that has not may be waiting for this one.
    if isFinished, group.begun { return isAlone ? nil : (0, now - awaitedSince) }
    guard let waiting = exchange?.waiting, let first = waiting.for.first else { return nil }
    return (group.members[first].worker, now - waiting.since)
  }
}
