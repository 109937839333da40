internal import SwiftProtobuf

/// One member of a training group: follows generations, takes part in the exchange, gets or gives the state. Events in, actions out.
///
/// What it counts as steps are rounds of the exchange: a step of the optimizer, or the validation at the end of an epoch.
package struct TrainingMember: Sendable {
  package enum Action: Sendable, Equatable {
    /// Make links to these; `me` is the member's own place.
    case connect([Member], me: Int)
    /// Compute the next round's part: ``beginRound(contributors:buckets:unfit:)``, then ``computedBucket(at:)`` for each bucket.
    case compute
    case exchange(ExchangeProtocol.Action)
    /// Ask that member for its state.
    case requestState(of: Int)
    case sendState(to: Int)
    /// The bytes at hand are the state after so many steps.
    case loadState(step: UInt64)
    /// Give the coordinator the state as it is.
    case sendCheckpoint
    /// The message at hand has come early: hand it over again when ``isEarly(_:)`` says otherwise.
    case keepForLater
    /// Tell the coordinator how things stand.
    case report(Membership)
  }

  private let job: UInt64
  private let worker: WorkerID
  private let patience: Milliseconds
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
  /// Messages of older generations, and of exchanges that are over.
  private var dropped = 0

  /// Gradients that a state is as large as: parameters, two moments, their average, and the best.
  private static let stateSize = 5
  /// How often progress is told, at most.
  private static let reportInterval: Milliseconds = 200

  /// - Parameters:
  ///   - step: where the member stands before it has joined a group.
  ///   - patience: how long to wait for a message before asking for it again.
  package init(job: UInt64, worker: WorkerID, step: UInt64, isFinished: Bool, patience: Milliseconds) {
    (self.job, self.worker, self.step, self.isFinished, self.patience) = (job, worker, step, isFinished, patience)
  }

  package var generation: UInt64 { group.generation }
  package var members: [Member] { group.members }
  package var position: Int { me }
  private var droppedMessages: Int { dropped + (exchange?.dropped ?? 0) }

  /// How the member stands, for the coordinator.
  package var membership: Membership {
    Membership.with {
      ($0.job, $0.generation, $0.step) = (job, group.generation, step)
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
    group = new
    if begins { return begin(at: now) }
    if isAnnounced {
      dropped = droppedMessages
      (exchange, isComputing, awaitsState) = (nil, false, false)
      return [.report(membership)]
    }
    return pauseIfAsked()
  }

  private mutating func begin(at now: Milliseconds) -> [Action] {
    guard let position = group.members.firstIndex(where: { $0.worker == worker }) else { return [] }
    me = position
    (isComputing, sentCheckpoint, awaitedSince) = (false, 0, now)
    let links = Action.connect(group.members, me: me)
    let source = group.members.firstIndex { $0.worker == group.source } ?? me
    exchange = ExchangeProtocol(memberCount: group.members.count, me: me, step: step, patience: patience)
    awaitsState = step != group.step && source != me
    if awaitsState {
      (lastRequest, stateBackoff) = (now, Backoff())
      return [links, .requestState(of: source)]
    }
    return [links] + continueTraining()
  }

  private mutating func continueTraining() -> [Action] {
    if isFinished { return me == 0 ? [.sendCheckpoint] : [] }
    if group.pause { return pauseIfAsked() }
    isComputing = true
    return [.compute]
  }

  /// The first member's state is what the coordinator asks for when it pauses.
  private mutating func pauseIfAsked() -> [Action] {
    guard group.pause, group.begun, me == 0, !isFinished, !hasPaused, !isComputing, !awaitsState,
      exchange?.waiting == nil
    else { return [] }
    hasPaused = true
    return [.sendCheckpoint]
  }

  /// The round's part begins to be computed.
  /// - Parameters:
  ///   - contributors: the members that have shards in this round.
  ///   - unfit: what has come for it, and cannot be part of it.
  package mutating func beginRound(contributors: Set<Int>, buckets: Int, unfit: [ExchangeProtocol.Message] = []) {
    exchange?.begin(contributors: contributors, buckets: buckets, unfit: unfit)
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

  /// The round's total has been applied.
  package mutating func applied(isFinished: Bool, isCheckpointDue: Bool, at now: Milliseconds) -> [Action] {
    step += 1
    (self.isFinished, awaitedSince) = (isFinished, now)
    var actions: [Action] = []
    if now - lastReport >= Self.reportInterval || isFinished {
      lastReport = now
      actions.append(.report(membership))
    }
    // Where epochs are shorter than it takes to save one, some are left out: what waits to be saved would fill the memory.
    if isCheckpointDue, !isFinished, me == 0, sentCheckpoint <= group.savedStep {
      sentCheckpoint = step
      actions.append(.sendCheckpoint)
    }
    return actions + continueTraining()
  }

  /// Whether a message is of a generation that is yet to begin here, or of rounds after a state that is yet to come.
  package func isEarly(_ header: ExchangeHeader) -> Bool {
    guard header.generation == group.generation, group.begun else { return header.generation >= group.generation }
    return awaitsState && [.contribution, .total].contains(header.kind) && header.step >= group.step
  }

  /// - Parameter isFit: whether its bytes can be what they are said to be; otherwise they are as good as lost.
  package mutating func receive(_ header: ExchangeHeader, isFit: Bool = true, at now: Milliseconds) -> [Action] {
    guard header.job == job, header.generation >= group.generation else { return drop() }
    if isEarly(header) { return [.keepForLater] }
    let sender = Int(header.sender)
    guard exchange != nil, sender < group.members.count, sender != me else { return drop() }
    switch header.kind {
    case .stateRequest: return awaitsState ? [] : [.sendState(to: sender)]
    case .state:
      guard awaitsState, header.step >= group.step else { return drop() }
      return [.loadState(step: header.step)]
    default:
      let piece = ExchangeProtocol.Piece(step: header.step, bucket: Int(header.bucket))
      return exchange!.receive(header.kind, piece, from: sender, isFit: isFit, at: now).map { .exchange($0) }
    }
  }

  private mutating func drop() -> [Action] {
    dropped += 1
    return []
  }

  /// The state that another member gave is in place. One that cannot be used is as good as lost: it is asked for again.
  package mutating func loaded(step: UInt64, isFinished: Bool, at now: Milliseconds) -> [Action] {
    (self.step, self.isFinished, awaitsState, awaitedSince) = (step, isFinished, false, now)
    dropped = droppedMessages
    exchange = ExchangeProtocol(memberCount: group.members.count, me: me, step: step, patience: patience)
    return continueTraining()
  }

  package mutating func tick(at now: Milliseconds) -> [Action] {
    guard group.begun else { return [] }
    if awaitsState, now - lastRequest >= stateBackoff.wait(patience) {
      lastRequest = now
      stateBackoff.noteRequest()
      return [.requestState(of: group.members.firstIndex { $0.worker == group.source } ?? 0)]
    }
    return exchange?.tick(at: now).map { .exchange($0) } ?? []
  }

  /// Whom it waits for, and for how long; for a state, which is several times as large as a gradient, that is counted as so much less.
  package func waiting(at now: Milliseconds) -> (for: WorkerID, milliseconds: Milliseconds)? {
    if awaitsState { return (group.source, (now - awaitedSince) / Self.stateSize) }
    // The training ends when the first member has come to its end; what that one lacks may be of this one.
    if isFinished, group.begun { return me == 0 ? nil : (group.members[0].worker, now - awaitedSince) }
    guard let waiting = exchange?.waiting, let first = waiting.for.first else { return nil }
    return (group.members[first].worker, now - waiting.since)
  }
}
