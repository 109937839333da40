import Coordination
import Foundation
import SwiftProtobuf

/// A worker process: the real state machines, and pretended work.
final class SimulatedWorker {
  let id: WorkerID
  private let limits: Limits
  private let speed: Double
  var frozenUntil: Milliseconds = 0
  private var worker: Worker
  /// The first is worked on.
  private var started: [Chunk] = []
  /// Counts how often work on a chunk has begun.
  private var turn = 0
  private var member: SimulatedMember?
  private var preparations = 0

  init(id: WorkerID, limits: Limits, speed: Double) {
    (self.id, self.limits, self.speed) = (id, limits, speed)
    let profile = Profile.with {
      ($0.host, $0.threads, $0.numerics) = ("simulated", 1, 1)
    }
    worker = Worker(id: id, profile: profile, limits: limits)
  }

  /// What a frozen process is told waits until it goes on.
  fileprivate func whenAwake(_ simulation: Simulation, _ body: @escaping (SimulatedWorker, Simulation) -> Void) {
    if simulation.now >= frozenUntil { return body(self, simulation) }
    let id = id
    simulation.schedule(after: frozenUntil - simulation.now) { simulation in
      guard let worker = simulation.workers[id] else { return }
      worker.whenAwake(simulation, body)
    }
  }

  func tick(in simulation: Simulation) {
    whenAwake(simulation) { $0.perform($0.worker.tick(at: $1.now), in: $1) }
    whenAwake(simulation) { $0.member?.tick(in: $1) }
    let id = id
    simulation.schedule(after: limits.heartbeat / 2) { $0.workers[id]?.tick(in: $0) }
  }

  func handle(_ event: Worker.Event, in simulation: Simulation) {
    whenAwake(simulation) { $0.perform($0.worker.handle(event, at: $1.now), in: $1) }
  }

  func receive(_ message: SimulatedMember.Message, in simulation: Simulation) {
    whenAwake(simulation) { $0.member?.receive(message, in: $1) }
  }

  private func perform(_ actions: [Worker.Action], in simulation: Simulation) {
    for action in actions {
      switch action {
      case .send(let status): simulation.tellCoordinator(.status(status), from: id)
      case .sendResult(let result): simulation.tellCoordinator(.result(result), from: id)
      case .sendCheckpoint(let checkpoint): simulation.tellCoordinator(.checkpoint(checkpoint), from: id)
      case .prepare(let job): prepare(job, in: simulation)
      case .dropJob:
        preparations += 1
        (member, started) = (nil, [])
      case .start(let chunk): start(chunk, in: simulation)
      case .cancel(let chunk): cancel(chunk, in: simulation)
      case .forget, .forgetCheckpoint: break
      case .follow(let group): if let group { member?.follow(group, in: simulation) }
      case .end: simulation.killWorker(id)
      }
    }
  }

  /// Whether a member is the one that works here, and not one that was given up.
  func isCurrent(_ member: SimulatedMember) -> Bool { self.member === member }

  private func prepare(_ job: Job, in simulation: Simulation) {
    preparations += 1
    let preparation = preparations
    guard let training = SimulatedTraining(job.description_p) else { return }
    let id = id
    simulation.schedule(after: Int.random(in: 10...500, using: &simulation.random)) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.preparations == preparation else { return }
        worker.member = SimulatedMember(
          id, job: job.id, training, speed: worker.speed, limits: worker.limits)
        worker.member!.join(in: simulation)
      }
    }
  }

  private func start(_ chunk: Chunk, in simulation: Simulation) {
    started.append(chunk)
    if started.count == 1 { work(in: simulation) }
  }

  private func cancel(_ chunk: UInt64, in simulation: Simulation) {
    let wasWorkedOn = started.first?.id == chunk
    started.removeAll { $0.id == chunk }
    if wasWorkedOn { work(in: simulation) }
  }

  /// On the first chunk that was started.
  private func work(in simulation: Simulation) {
    guard let chunk = started.first else { return }
    turn += 1
    let (id, turn) = (id, turn)
    let units = Int(chunk.first)..<Int(chunk.first + chunk.count)
    let duration = Int(Double(units.reduce(0) { $0 + simulation.milliseconds(of: $1) }) / speed)
    simulation.schedule(after: duration) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.turn == turn, worker.started.first == chunk else { return }
        worker.started.removeFirst()
        let faults = simulation.faults
        if units.contains(where: { $0 == faults.poison || faults.poisons.contains($0) }) {
          return simulation.killWorker(id)
        }
        let lie: UInt8 = simulation.random.chance(simulation.faults.lies) ? 1 : 0
        let digest = [UInt8(truncatingIfNeeded: units.lowerBound), UInt8(truncatingIfNeeded: units.count), lie]
        worker.handle(
          .chunkEnded(chunk.id, digest: digest, milliseconds: duration, failure: ""), in: simulation)
        worker.work(in: simulation)
      }
    }
  }
}

/// What workers are told of a training.
struct SimulatedTraining {
  /// 0 for the only one.
  var trial: UInt64 = 0
  /// Where who joins begins.
  var step: UInt64 = 0
  let rounds: UInt64
  let shards: UInt64

  init(trial: UInt64 = 0, rounds: UInt64, shards: Int) {
    (self.trial, self.rounds, self.shards) = (trial, rounds, UInt64(shards))
  }

  /// nil for a job of units.
  init?(_ description: Data) {
    guard description.count == 32 else { return nil }
    let numbers = description.withUnsafeBytes { bytes in
      (0..<4).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    (trial, step, rounds, shards) = (numbers[0], numbers[1], numbers[2], numbers[3])
  }

  var description: [UInt8] { [trial, step, rounds, shards].withUnsafeBytes { Array($0) } }
}

/// A member of a training group whose weights are a digest of all that has gone into them.
final class SimulatedMember {
  /// What travels between members: a header, and what the bytes stand for.
  struct Message {
    let header: ExchangeHeader
    var shards: Range<Int> = 0..<0
    var digest: UInt64 = 0
    var isFit = true
  }

  private let id: WorkerID
  private let job: UInt64
  private let trial: UInt64
  private let rounds: UInt64
  private let shards: Int
  private let speed: Double
  private var member: TrainingMember
  private var digest: UInt64
  /// Before the last round.
  private var previousDigest: UInt64 = 0
  private var kept: [Message] = []
  private var early: [Message] = []

  init(_ id: WorkerID, job: UInt64, _ training: SimulatedTraining, speed: Double, limits: Limits) {
    (self.id, self.job, self.speed) = (id, job, speed)
    (trial, rounds, shards) = (training.trial, training.rounds, Int(training.shards))
    let step = training.step
    member = TrainingMember(job: job, worker: id, step: step, isFinished: step >= rounds, patience: 300)
    digest = (0..<step).reduce(7 + trial) { Self.mix($0, $1) }
  }

  private static func mix(_ digest: UInt64, _ step: UInt64) -> UInt64 {
    var generator = SplitMix(state: digest ^ step)
    return generator.next()
  }

  private func tell(_ event: Worker.Event, in simulation: Simulation) {
    simulation.workers[id]?.handle(event, in: simulation)
  }

  func join(in simulation: Simulation) { tell(.membership(member.membership), in: simulation) }

  func follow(_ group: Group, in simulation: Simulation) {
    let generation = member.generation
    perform(member.follow(group, at: simulation.now), nil, in: simulation)
    if member.generation != generation { kept = [] }
    receiveEarly(in: simulation)
  }

  private func receiveEarly(in simulation: Simulation) {
    let waiting = early
    early = []
    for message in waiting { receive(message, in: simulation) }
  }

  func tick(in simulation: Simulation) {
    perform(member.tick(at: simulation.now), nil, in: simulation)
    if let waiting = member.waiting(at: simulation.now), waiting.milliseconds >= 1_000 {
      tell(member.membership, in: simulation)
    }
  }

  private func tell(_ membership: Membership, in simulation: Simulation) {
    var membership = membership
    if let waiting = member.waiting(at: simulation.now) {
      (membership.waitingFor, membership.waitingMilliseconds) = (waiting.for, UInt32(waiting.milliseconds))
    }
    tell(.membership(membership), in: simulation)
  }

  func receive(_ message: Message, in simulation: Simulation) {
    // Of a round that is yet to begin, nobody knows.
    let isFit = message.isFit || message.header.step > member.step
    perform(member.receive(message.header, isFit: isFit, at: simulation.now), message, in: simulation)
  }

  /// Each member owns an equal share; the members' order is that of their shards.
  private func range(of position: Int) -> Range<Int> {
    let count = member.members.count
    return shards * position / count..<shards * (position + 1) / count
  }

  private func perform(_ actions: [TrainingMember.Action], _ message: Message?, in simulation: Simulation) {
    for action in actions {
      switch action {
      case .connect: break
      case .report(let membership): tell(membership, in: simulation)
      case .compute: compute(in: simulation)
      case .keepForLater: early.append(message!)
      case .requestState(let member): send(.stateRequest, step: self.member.step, to: member, in: simulation)
      case .sendState(let member): send(.state, step: self.member.step, to: member, in: simulation)
      case .loadState(let step):
        guard message!.isFit else { break }
        digest = message!.digest
        kept = []
        simulation.note(digest: digest, after: step, of: trial)
        perform(member.loaded(step: step, isFinished: step >= rounds, at: simulation.now), nil, in: simulation)
        receiveEarly(in: simulation)
      case .sendCheckpoint:
        let checkpoint = Checkpoint.with {
          ($0.job, $0.step, $0.finished) = (job, member.step, member.step >= rounds)
        }
        tell(.checkpoint(checkpoint), in: simulation)
      case .exchange(let action): perform(action, message, in: simulation)
      }
    }
  }

  private func compute(in simulation: Simulation) {
    if simulation.faults.poisonedTrial == trial, member.step >= 3 { return simulation.killWorker(id) }
    let buckets = Self.bucketCount(step: member.step)
    let contributors = Set((0..<member.members.count).filter { !range(of: $0).isEmpty })
    let unfit = kept.filter { $0.header.step == member.step && !$0.isFit }
    kept.removeAll { $0.header.step == member.step && !$0.isFit }
    member.beginRound(
      contributors: contributors, buckets: buckets,
      unfit: unfit.map { message in
        .init(
          kind: message.header.kind, piece: .init(step: message.header.step, bucket: Int(message.header.bucket)),
          sender: Int(message.header.sender))
      })
    compute(bucketsLeft: buckets, in: simulation)
  }

  /// As in a real training, some rounds have one bucket and others several.
  private static func bucketCount(step: UInt64) -> Int { Int(step % 4) + 1 }

  private func compute(bucketsLeft: Int, in simulation: Simulation) {
    guard bucketsLeft > 0 else { return }
    let (id, generation, step) = (id, member.generation, member.step)
    let duration = Double.random(in: 2...20, using: &simulation.random) / speed
    simulation.schedule(after: Int(duration)) { simulation in
      // A frozen process does not compute. If it did, what it tells would overtake what it has told before.
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.isCurrent(self), self.member.generation == generation, self.member.step == step else { return }
        self.perform(self.member.computedBucket(at: simulation.now), nil, in: simulation)
        self.compute(bucketsLeft: bucketsLeft - 1, in: simulation)
      }
    }
  }

  private func perform(_ action: ExchangeProtocol.Action, _ message: Message?, in simulation: Simulation) {
    switch action {
    case .keep: kept.append(message!)
    case .send(let kind, let piece, let receiver), .request(let kind, let piece, let receiver):
      send(kind, step: piece.step, bucket: piece.bucket, to: receiver, in: simulation)
    case .combine(let piece):
      let parts = kept.filter {
        $0.header.kind == .contribution && $0.header.step == member.step && $0.header.bucket == piece.bucket
      }
      check(parts, in: simulation)
      if parts.contains(where: { !$0.isFit }) { simulation.violate("what does not fit was summed") }
      let all = (parts.map(\.shards) + [range(of: member.position)]).sorted { $0.lowerBound < $1.lowerBound }
      if all.flatMap({ Array($0) }) != Array(0..<shards) {
        simulation.violate("shards \(all) were summed instead of \(shards)")
      }
    case .complete:
      let step = member.step
      let totals = kept.filter { $0.header.kind == .total && $0.header.step == step }
      check(totals, in: simulation)
      let others = member.members.count - 1
      if others > 1, totals.count != others * Self.bucketCount(step: step) {
        simulation.violate("a step ended with \(totals.count) totals")
      }
      kept.removeAll { $0.header.step <= step }
      previousDigest = digest
      digest = Self.mix(digest, step)
      simulation.note(digest: digest, after: step + 1, of: trial)
      let isDue = (step + 1) % 10 == 0
      perform(
        member.applied(isFinished: step + 1 >= rounds, isCheckpointDue: isDue, at: simulation.now), nil, in: simulation)
    }
  }

  /// What is summed must come from members with the same weights, in the same generation.
  private func check(_ messages: [Message], in simulation: Simulation) {
    for message in messages where message.header.generation != member.generation || message.digest != digest {
      simulation.violate("a sum mixes generations or weights at step \(member.step)")
    }
  }

  private func send(
    _ kind: ExchangeHeader.Kind, step: UInt64, bucket: Int = 0, to position: Int, in simulation: Simulation
  ) {
    let header = ExchangeHeader.with {
      ($0.job, $0.generation, $0.step, $0.kind) = (job, member.generation, step, kind)
      ($0.sender, $0.bucket) = (UInt32(member.position), UInt32(bucket))
    }
    // What was sent before is sent again as it was.
    let isOld = step != member.step && (kind == .contribution || kind == .total)
    let message = Message(
      header: header, shards: range(of: member.position), digest: isOld ? previousDigest : digest,
      isFit: simulation.unfit != id)
    let receiver = member.members[position].worker
    simulation.deliver(from: id, to: receiver) { $0.workers[receiver]?.receive(message, in: $0) }
  }
}
