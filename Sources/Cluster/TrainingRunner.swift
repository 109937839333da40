internal import Compute
internal import Coordination
internal import Datasets
internal import Foundation
internal import Models
internal import SwiftProtobuf
internal import Transport

/// Trains a network as a member of a group: carries out what ``TrainingMember`` decides.
final class TrainingRunner {
  private let job: UInt64
  private let trainer: NetworkTrainer
  private let context: ComputeContext
  private let worker: WorkerID
  /// nil where there can be no other member: within the coordinator's process.
  private let links: ExchangeLinks?
  private let report: (WorkerReport) -> Void
  private let limits: Limits
  private var member: TrainingMember
  private var shares: ShardShares
  private let exchange: GradientExchange
  /// What is still to be done, in this order; with the bytes that it is about.
  private var pending: [(action: TrainingMember.Action, header: ExchangeHeader?, body: Frame?)] = []
  /// Messages of a generation that has not begun here, or of rounds after a state that is yet to come.
  private var early: [(header: ExchangeHeader, body: Frame?)] = []
  private var compared: (step: UInt64, digests: [UInt64]) = (0, [])
  private var toldWaiting: Milliseconds = 0
  private var waitedMicroseconds = 0
  /// What ``links`` had sent before this training.
  private let bytesBefore: Int

  private static let mostEarly = 64
  /// In larger groups, messages cost more than is gained by sending before all is computed.
  private static let mostWithBuckets = 16
  /// Rounds after which the members' tensors are compared.
  private static let comparison: UInt64 = 100

  init(
    _ images: LabeledImages, job: Job, description: JobDescription, checkpoint: [Tensor]?, worker: WorkerID,
    on context: ComputeContext, links: ExchangeLinks?, limits: Limits, report: @escaping (WorkerReport) -> Void
  ) throws {
    (self.job, self.worker, self.context, self.links) = (job.id, worker, context, links)
    (self.limits, self.report) = (limits, report)
    bytesBefore = links?.bytesSent ?? 0
    trainer = try NetworkTrainer(
      images, classCount: Int(description.classCount), settings: try NetworkSettings(text: description.settings),
      on: context)
    if links != nil { try Self.check(trainer, limits) }
    if let checkpoint { try trainer.resume(checkpoint) }
    exchange = GradientExchange(shards: trainer.settings.shards, on: context) { count, write in
      links?.frame(count: count, write) ?? Frame(count: count, write)
    }
    shares = ShardShares(shards: trainer.settings.shards, threads: [context.team.count])
    member = Self.newMember(job.id, worker, trainer, limits)
    tell(member.membership)
  }

  private static func newMember(
    _ job: UInt64, _ worker: WorkerID, _ trainer: NetworkTrainer, _ limits: Limits
  ) -> TrainingMember {
    TrainingMember(
      job: job, worker: worker, step: UInt64(trainer.round), isFinished: trainer.isFinished,
      patience: limits.exchange)
  }

  /// Whether the state, and every piece of the gradient, fits into a message.
  private static func check(_ trainer: NetworkTrainer, _ limits: Limits) throws(ModelError) {
    let subtrees = SummationTree(leafCount: trainer.settings.shards).maxSubtreeCount
    let largest = (trainer.plan.buckets.map(\.count).max() ?? 0) * subtrees * 4
    let state = trainer.checkpoint.reduce(64 << 10) { $0 + $1.bytes.count }
    guard max(largest, state) <= limits.message else {
      let needed = (max(largest, state) >> 20) + 1
      throw .badSettings(
        """
        this network needs messages of up to \(needed) MiB, but no more than \(limits.message >> 20) are allowed; say \
        --message-size \(needed) to the coordinator and to workers of other hosts
        """
      )
    }
  }

  private var now: Milliseconds { monotonicMilliseconds() }

  /// Takes part until a command comes that is about something else.
  /// - Throws: why the training cannot go on here.
  func run(_ commands: ThreadQueue<WorkerCommand>) throws {
    while !commands.contains(where: { !$0.isFollow }) {
      // One event at a time: what it sets off is done before the next is looked at.
      if let next = pending.first {
        pending.removeFirst()
        try perform(next.action, next.header, next.body)
      } else if case .follow(let group)? = commands.next(if: \.isFollow) {
        enqueue(member.follow(group, at: now))
      } else if let (header, body) = nextMessage() {
        enqueue(member.receive(header, isFit: exchange.fits(header, body), at: now), header, body)
      } else if case let actions = member.tick(at: now), !actions.isEmpty {
        enqueue(actions)
      } else if member.isComputing {
        try compute()
      } else {
        tellWhomItWaitsFor()
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
    pending.insert(contentsOf: actions.map { ($0, header, body) }, at: 0)
  }

  /// One that came early, and may be looked at now; else the next that has come.
  private func nextMessage() -> (header: ExchangeHeader, body: Frame?)? {
    if let index = early.firstIndex(where: { !member.isEarly($0.header) }) { return early.remove(at: index) }
    guard let message = links?.receive() else { return nil }
    // A state without its bytes is as good as lost.
    return message.header.kind == .state && message.body == nil ? nextMessage() : message
  }

  // MARK: Actions

  private func perform(_ action: TrainingMember.Action, _ header: ExchangeHeader?, _ body: Frame?) throws {
    switch action {
    case .connect(let members, let me):
      exchange.reset(memberCount: members.count, me: me)
      shares = ShardShares(shards: trainer.settings.shards, threads: members.map { Int($0.threads) })
      links?.connect(to: members, me: me)
    case .compute: break  // when nothing else is left to be done
    case .exchange(let action): try perform(action, header, body)
    case .requestState(let source): send(.stateRequest, step: member.step, nil, to: source)
    case .sendState(let receiver): send(.state, step: member.step, Frame(state), to: receiver)
    case .loadState: load(body)
    case .sendCheckpoint:
      let checkpoint = Checkpoint.with {
        ($0.job, $0.step, $0.finished) = (job, member.step, trainer.isFinished)
      }
      report(.checkpoint(checkpoint, bytes: state))
    case .keepForLater:
      if let header, early.count < Self.mostEarly { early.append((header, body)) }
    case .report(let membership): tell(membership)
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
      try trainer.takeRound()
      return enqueue(member.computedBucket(at: now))
    }
    let isWhole = members > Self.mostWithBuckets
    let (ranges, buckets) = (shares.ranges, isWhole ? [0..<trainer.sumCount] : trainer.buckets)
    let own = ranges[member.position]
    let unfit = exchange.begin(step: member.step, buckets: buckets, ranges: ranges)
    let contributors = Set(ranges.indices.filter { !ranges[$0].isEmpty })
    member.beginRound(contributors: contributors, buckets: buckets.count, unfit: unfit)
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
  }

  private func complete() throws {
    if members > 1 {
      let isJudging = trainer.isJudging
      guard let (total, microseconds) = exchange.complete(step: member.step) else { return startOver() }
      try trainer.completeRound(total: total)
      if !isJudging { shares.note(microseconds: microseconds) }
    }
    let round = UInt64(trainer.round)
    if members > 1, round % Self.comparison == 0 { compared = (round, trainer.parameterDigests) }
    let isEpochDone = trainer.step == trainer.history.count * trainer.stepsPerEpoch
    let actions = member.applied(isFinished: trainer.isFinished, isCheckpointDue: isEpochDone, at: now)
    if isEpochDone { tell(member.membership) }
    enqueue(actions)
  }

  /// The round in hand is void, and nothing of it has been applied: the others have gone on without this member, which joins them anew.
  private func startOver() {
    (pending, early) = ([], [])
    member = Self.newMember(job, worker, trainer, limits)
    tell(member.membership)
  }

  // MARK: State

  private var state: [UInt8] { Blob.checkpoint(trainer.checkpoint).file.bytes }

  private func load(_ body: Frame?) {
    do {
      let file = try body?.withBytes { bytes throws(FileError) in
        try SafetensorsFile(bytes: bytes, name: "the state of another worker")
      }
      try trainer.resume(file?.tensors ?? [])
    } catch {
      return  // It is asked for again, and the member that gave it may be lost for that.
    }
    exchange.reset(memberCount: members, me: member.position)
    enqueue(member.loaded(step: UInt64(trainer.round), isFinished: trainer.isFinished, at: now))
  }

  // MARK: Reports

  private func tell(_ membership: Membership) {
    var membership = membership
    let progress = trainer.progress
    membership.progress = Progress.with {
      ($0.epoch, $0.epochs) = (UInt64(progress.epoch ?? 0), UInt64(progress.epochs ?? 0))
      ($0.done, $0.total) = (UInt64(progress.done), UInt64(progress.total))
      ($0.loss, $0.validationAccuracy) = (progress.loss ?? -1, progress.validationAccuracy ?? -1)
      let shards = shares.ranges.indices.contains(member.position) ? shares.ranges[member.position].count : 0
      $0.images = UInt32(trainer.settings.batch * shards / trainer.settings.shards)
      $0.stepMicroseconds = exchange.microseconds(of: member.step)
    }
    (membership.comparedStep, membership.tensorDigests) = compared
    if let waiting = member.waiting(at: now) {
      (membership.waitingFor, membership.waitingMilliseconds) = (waiting.for, UInt32(clamping: waiting.milliseconds))
    }
    membership.waitedMilliseconds = UInt64(waitedMicroseconds / 1_000)
    membership.bytesSent = UInt64((links?.bytesSent ?? 0) - bytesBefore)
    report(.membership(membership))
  }

  /// A coordinator that knows who is waited for can tell people.
  private func tellWhomItWaitsFor() {
    guard let waiting = member.waiting(at: now), waiting.milliseconds >= 1_000, now - toldWaiting >= 1_000 else {
      return
    }
    toldWaiting = now
    tell(member.membership)
  }
}

/// A clock that only goes forward.
func monotonicMicroseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1_000
}

func monotonicMilliseconds() -> Milliseconds { monotonicMicroseconds() / 1_000 }
