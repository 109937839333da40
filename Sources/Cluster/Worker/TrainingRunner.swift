internal import Compute
internal import Coordination
internal import Datasets
internal import DequeModule
internal import Files
internal import Foundation
internal import Models
internal import Progress
internal import SwiftProtobuf
internal import Transport

/// Trains a network as a member of a training group: carries out the decisions of ``TrainingMember``.
final class TrainingRunner {
  private let job: UInt64
  private let trainer: NetworkTrainer
  private let context: ComputeContext
  private let worker: WorkerID
  /// nil if there can be no other member, as within the coordinator's process.
  private let links: ExchangeLinks?
  private let report: (WorkerReport) -> Void
  private let limits: Limits
  private var member: TrainingMember
  private var assignment: ShardAssignment
  private let exchange: GradientExchange
  /// Pending actions in order, each with the message that it refers to.
  private var pending: Deque<(action: TrainingMember.Action, header: ExchangeHeader?, body: Frame?)> = []
  /// Messages of a generation that has not begun here, or of rounds after a state that has not arrived.
  private var early: [(header: ExchangeHeader, body: Frame?)] = []
  /// States that may still be needed, by the number of completed rounds.
  private var kept: [UInt64: [Tensor]] = [:]
  /// Fingerprints of the gradients that were computed by several members since the last comparison: one for each of
  /// ``GradientChecks/targets(of:memberCount:)``.
  private var checked: [Fingerprint] = []
  private var lastWaitingReport: Milliseconds = 0
  private var waitedMicroseconds = 0
  /// The bytes that ``links`` had sent before this training.
  private let bytesBefore: Int

  private static let maxEarly = 64
  /// The maximum size of groups that exchange buckets while they compute. In larger groups, the additional messages
  /// cost more time than the overlap saves.
  private static let maxMembersWithBuckets = 16

  init(
    _ images: LabeledImages, job: Job, description: JobDescription, checkpoint: [Tensor]?, worker: WorkerID,
    on context: ComputeContext, links: ExchangeLinks?, limits: Limits, report: @escaping (WorkerReport) -> Void
  ) throws {
    (self.job, self.worker, self.context, self.links) = (job.id, worker, context, links)
    (self.limits, self.report) = (limits, report)
    bytesBefore = links?.bytesSent ?? 0
    trainer = try NetworkTrainer(
      images, classCount: Int(description.classCount), settings: try NetworkSettings(complete: description.settings),
      on: context)
    if let checkpoint { try trainer.resume(checkpoint) }
    exchange = GradientExchange(shards: trainer.settings.shards, on: context) { count, write in
      links?.frame(count: count, write) ?? Frame(count: count, write)
    }
    assignment = ShardAssignment(shards: trainer.settings.shards, threads: [context.team.count])
    let step = UInt64(trainer.round)
    // A process without other members has nothing to compare, and never returns to an earlier state.
    var agreed = StateName(step: step, digest: 0)
    if links != nil {
      let state = trainer.checkpoint
      (kept, agreed) = ([step: state], StateName(step: step, tensors: Self.digests(of: state, trainer)))
    }
    member = TrainingMember(
      job: job.id, worker: worker, step: step, agreed: agreed, isFinished: trainer.isFinished,
      resendTimeout: limits.resendTimeout)
    reportMembership(member.membership)
  }

  private static func digests(of state: [Tensor], _ trainer: NetworkTrainer) -> [UInt64] {
    trainer.plan.digests(ofState: state) ?? []
  }

  private var now: Milliseconds { monotonicMilliseconds() }

  /// Takes part in the training until another command than `follow` arrives.
  /// - Throws: An error if the training cannot continue here.
  func run(_ commands: ThreadQueue<WorkerCommand>) throws {
    while !commands.contains(where: { !$0.isFollow }) {
      // All actions of an event are carried out before the next event.
      if let next = pending.popFirst() {
        try perform(next.action, next.header, next.body)
      } else if case .follow(let group)? = commands.next(if: \.isFollow) {
        // Members are admitted before this member reports that it is ready, because they connect then.
        if group.generation > member.generation { links?.admit(group.members) }
        enqueue(member.follow(group, at: now))
        forget()
      } else if let (header, body) = nextMessage() {
        enqueue(member.receive(header, isValid: exchange.fits(header, body), at: now), header, body)
      } else if case let actions = member.tick(at: now), !actions.isEmpty {
        enqueue(actions)
      } else if member.isComputing {
        try compute()
      } else {
        reportAwaitedMember()
        sleep(commands)
      }
    }
  }

  private func sleep(_ commands: ThreadQueue<WorkerCommand>) {
    let start = monotonicMicroseconds()
    defer { waitedMicroseconds += monotonicMicroseconds() - start }
    if let links { return links.wait(milliseconds: 20, descriptor: commands.descriptor) }
    var file = pollfd(fd: commands.descriptor, events: Int16(POLLIN), revents: 0)
    poll(&file, 1, 20)
  }

  private func enqueue(_ actions: [TrainingMember.Action], _ header: ExchangeHeader? = nil, _ body: Frame? = nil) {
    pending.prepend(contentsOf: actions.map { ($0, header, body) })
  }

  /// Returns an early message that can be handled now, or else the next that has arrived.
  private func nextMessage() -> (header: ExchangeHeader, body: Frame?)? {
    if let index = early.firstIndex(where: { !member.isEarly($0.header) }) { return early.remove(at: index) }
    guard let message = links?.receive() else { return nil }
    // A state without its content is treated as lost.
    return message.header.kind == .state && message.body == nil ? nextMessage() : message
  }

  // MARK: Actions

  private func perform(_ action: TrainingMember.Action, _ header: ExchangeHeader?, _ body: Frame?) throws {
    switch action {
    case .connect(let members, let me):
      exchange.reset(memberCount: members.count, me: me)
      checked = GradientChecks.targets(of: me, memberCount: members.count).map { _ in Fingerprint() }
      assignment = ShardAssignment(shards: trainer.settings.shards, threads: members.map { Int($0.threads) })
      links?.connect(to: members, me: me)
    case .compute: break  // done by `run` when no action is pending
    case .exchange(let action): try perform(action, header, body)
    case .requestState(let source): send(.stateRequest, step: member.step, nil, to: source)
    case .sendState(let receiver):
      let step = member.agreedState.step
      if let state = kept[step] { send(.state, step: step, Frame(Self.bytes(of: state)), to: receiver) }
    case .loadState(let name): load(body, name)
    case .restoreState(let step):
      if let state = kept[step] { try trainer.resume(state) }
      precondition(step == UInt64(trainer.round), "the kept state is missing")
      begin()
    case .keepState: keep()
    case .sendCheckpoint(let step): sendCheckpoint(step)
    case .keepForLater:
      if let header, early.count < Self.maxEarly { early.append((header, body)) }
    case .report(let membership): reportMembership(membership)
    }
  }

  private func perform(_ action: ExchangeProtocol.Action, _ header: ExchangeHeader?, _ body: Frame?) throws {
    switch action {
    case .keep: if let header { exchange.keep(header, body) }
    case .send(let kind, let piece, let receiver): send(kind, piece, to: receiver)
    case .request(let kind, let piece, let source):
      send(kind, step: piece.step, bucket: piece.bucket, nil, to: source)
    case .combine(let piece): if members > 1, !exchange.combine(piece) { startOver() }
    case .complete: try complete()
    }
  }

  private var members: Int { member.members.count }

  private func send(_ kind: ExchangeHeader.Kind, _ piece: ExchangeProtocol.Piece, to receiver: Int) {
    let isCurrent = piece.step == member.step
    guard let bytes = exchange.message(kind, piece, to: receiver, isCurrent: isCurrent) else { return }
    send(kind, step: piece.step, bucket: piece.bucket, bytes, to: receiver)
  }

  private func send(
    _ kind: ExchangeHeader.Kind, step: UInt64, bucket: Int = 0, _ body: Frame?, to receiver: Int
  ) {
    let header = ExchangeHeader.with {
      ($0.job, $0.generation, $0.step, $0.kind) = (job, member.generation, step, kind)
      ($0.sender, $0.bucket) = (UInt32(member.position), UInt32(bucket))
      $0.microseconds = exchange.microseconds(of: step)
    }
    links?.send(header, body, to: receiver)
  }

  // MARK: Rounds

  private func compute() throws {
    guard members > 1 else {
      member.beginRound(contributors: [0], buckets: 1)
      try trainer.runRound()
      return enqueue(member.computedBucket(at: now))
    }
    let isWhole = members > Self.maxMembersWithBuckets
    let (ranges, buckets) = (assignment.ranges, isWhole ? [0..<trainer.sumCount] : trainer.buckets)
    let own = ranges[member.position]
    let toCheck = beginChecks()
    let invalid = exchange.begin(step: member.step, buckets: buckets, ranges: ranges, isDirect: toCheck > 0)
    let contributors = Set(ranges.indices.filter { !ranges[$0].isEmpty })
    member.beginRound(contributors: contributors, buckets: buckets.count, isDirect: toCheck > 0, invalid: invalid)
    let start = monotonicMicroseconds()
    func send(_ bucket: Int, _ sums: [UnsafePointer<Float>]) {
      let time = own.isEmpty ? 0 : UInt32(clamping: monotonicMicroseconds() - start)
      exchange.note(sums: sums, step: member.step, microseconds: bucket + 1 == buckets.count ? time : nil)
      for action in member.computedBucket(at: now) {
        if case .exchange(.send(.contribution, let piece, let receiver)) = action {
          self.send(.contribution, piece, to: receiver)
        } else {
          pending.append((action, nil, nil))
        }
      }
    }
    if own.isEmpty {
      for bucket in buckets.indices { send(bucket, []) }
    } else if isWhole {
      send(0, try trainer.computeSums(shards: own))
    } else {
      try trainer.computeSums(shards: own, bucketSummed: send)
    }
    // The checks use the time in which this member would wait for the others' sums.
    if toCheck > 0 { check(toCheck, ranges) }
  }

  /// Prepares the checks of gradients in this round.
  /// - Returns: The number of shards of each member that others compute as well.
  private func beginChecks() -> Int {
    let isGradient = !trainer.isValidating
    let count =
      isGradient ? member.checkedShards(isLast: trainer.isLastGradient(ofEpochsFrom: member.interval)) : 0
    trainer.watch(trainer.sample(count, of: assignment.ranges[member.position]))
    return count
  }

  private func check(_ count: Int, _ ranges: [Range<Int>]) {
    let targets = GradientChecks.targets(of: member.position, memberCount: members)
    for (place, target) in targets.enumerated() {
      let isOwn = target == member.position
      checked[place].update(
        isOwn ? trainer.watchedDigest : trainer.gradientDigest(of: trainer.sample(count, of: ranges[target])))
    }
  }

  private func complete() throws {
    if members > 1 {
      let isValidating = trainer.isValidating
      guard let (total, microseconds) = exchange.complete(step: member.step) else { return startOver() }
      try trainer.completeRound(total: total)
      if !isValidating { assignment.note(microseconds: microseconds) }
    }
    let isEpochDone = trainer.step == trainer.history.count * trainer.stepsPerEpoch
    let comparison = member.isComparisonDue(isFinished: trainer.isFinished) ? compare() : nil
    let actions = member.applied(
      isFinished: trainer.isFinished, isCheckpointDue: isEpochDone, comparison: comparison, at: now)
    if isEpochDone { reportMembership(member.membership) }
    enqueue(actions)
  }

  /// Abandons the current round, of which nothing has been applied: the other members have continued without this one,
  /// which joins them again.
  private func startOver() {
    (pending, early) = ([], [])
    member = TrainingMember(
      job: job, worker: worker, step: UInt64(trainer.round), agreed: member.agreedState,
      isFinished: trainer.isFinished, resendTimeout: limits.resendTimeout)
    forget()
    reportMembership(member.membership)
  }

  // MARK: State

  private static func bytes(of state: [Tensor]) -> [UInt8] { Blob.checkpoint(state).file.bytes }

  private func load(_ body: Frame?, _ name: StateName) {
    do {
      let file = try body?.withBytes { bytes throws(FileError) in
        try SafetensorsFile(bytes: bytes, name: "the state of another worker")
      }
      let state = file?.tensors ?? []
      guard StateName(step: name.step, tensors: Self.digests(of: state, trainer)) == name else { return }
      try trainer.resume(state)
      kept[name.step] = state
    } catch {
      return  // The state is requested again; a member that repeatedly sends an invalid one may be declared lost.
    }
    exchange.reset(memberCount: members, me: member.position)
    begin()
  }

  /// Begins the generation, whose initial state has been loaded.
  private func begin() {
    enqueue(member.loaded(isFinished: trainer.isFinished, at: now))
    forget()
  }

  /// Returns the digests of the current state, for the comparison with other members.
  private func compare() -> Comparison {
    let state = trainer.checkpoint
    kept[UInt64(trainer.round)] = state
    defer { checked = checked.map { _ in Fingerprint() } }
    return Comparison.with {
      ($0.step, $0.finished) = (UInt64(trainer.round), trainer.isFinished)
      $0.tensorDigests = Self.digests(of: state, trainer)
      if member.checksGradients { $0.gradientDigests = checked.map(\.value) }
    }
  }

  private func keep() {
    let step = UInt64(trainer.round)
    guard links != nil else { return enqueue(member.kept(StateName(step: step, digest: 0))) }
    let state = trainer.checkpoint
    kept[step] = state
    enqueue(member.kept(StateName(step: step, tensors: Self.digests(of: state, trainer))))
    forget()
  }

  private func forget() {
    let steps = member.keptSteps
    kept = kept.filter { steps.contains($0.key) }
  }

  private func sendCheckpoint(_ step: UInt64) {
    guard let state = step == UInt64(trainer.round) ? kept[step] ?? trainer.checkpoint : kept[step] else { return }
    let checkpoint = Checkpoint.with {
      ($0.job, $0.step, $0.finished) = (job, step, step == UInt64(trainer.round) && trainer.isFinished)
    }
    report(.checkpoint(checkpoint, bytes: Self.bytes(of: state)))
  }

  // MARK: Reports

  private func reportMembership(_ membership: Membership) {
    var membership = membership
    let progress = trainer.progress
    membership.progress = TrainingProgress.with {
      ($0.epoch, $0.epochs) = (UInt64(progress.epoch ?? 0), UInt64(progress.epochs ?? 0))
      ($0.done, $0.total) = (UInt64(progress.done), UInt64(progress.total))
      ($0.loss, $0.validationAccuracy) = (progress.loss ?? -1, progress.validationAccuracy ?? -1)
      let shards = assignment.ranges.indices.contains(member.position) ? assignment.ranges[member.position].count : 0
      $0.images = UInt32(trainer.settings.batch * shards / trainer.settings.shards)
      $0.stepMicroseconds = exchange.microseconds(of: member.step)
    }
    if let waiting = member.waiting(at: now) {
      (membership.waitingFor, membership.waitingMilliseconds) = (waiting.for, UInt32(clamping: waiting.milliseconds))
    }
    membership.waitedMilliseconds = UInt64(waitedMicroseconds / 1_000)
    membership.bytesSent = UInt64((links?.bytesSent ?? 0) - bytesBefore)
    report(.membership(membership))
  }

  /// Reports the member that this one waits for, so that the coordinator can show it.
  private func reportAwaitedMember() {
    guard let waiting = member.waiting(at: now), waiting.milliseconds >= 1_000, now - lastWaitingReport >= 1_000 else {
      return
    }
    lastWaitingReport = now
    reportMembership(member.membership)
  }
}

/// Returns the time of a clock that is never set back.
func monotonicMicroseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1_000
}

func monotonicMilliseconds() -> Milliseconds { monotonicMicroseconds() / 1_000 }
