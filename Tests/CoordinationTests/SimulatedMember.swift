import Coordination
import SwiftProtobuf

/// A member of a training group: the real state machine with simulated weights.
final class SimulatedMember {
  /// A message between members.
  struct Message {
    let header: ExchangeHeader
    /// The elements of sums, or the weights.
    var body: [UInt64] = []
  }

  private struct Sent: Hashable {
    let kind: ExchangeHeader.Kind
    let piece: ExchangeProtocol.Piece
    /// The receiver's position; -1: all members.
    let receiver: Int
  }

  private let id: WorkerID
  private let sendsInvalid: Bool
  private let hiddenCorruption: Corruption?
  private let leastMembersToCorrupt: Int
  /// The current fault.
  private var corruption: Corruption? { member.members.count >= leastMembersToCorrupt ? hiddenCorruption : nil }
  private let job: UInt64
  private let network: SimulatedNetwork
  private let speed: Double
  private let limits: Limits
  private var member: TrainingMember
  private var weights: UInt64
  /// This member's sums and the known totals of the current step.
  private var sums: [UInt64] = []
  private var totals: [UInt64] = []
  /// The step whose messages have a known length.
  private var computedStep: UInt64?
  private var lastComputed: UInt64?
  /// The step in which every member adds up the whole gradient.
  private var directStep: UInt64?
  private var kept: [Message] = []
  private var early: [Message] = []
  /// The messages that were sent, which are repeated unchanged.
  private var sent: [Sent: [UInt64]] = [:]
  /// The kept weights, by step.
  private var states: [UInt64: UInt64]
  /// The digests of the gradients that were computed more than once since the last comparison.
  private var checked: [UInt64] = []
  private var lastWaitingReport: Milliseconds = 0
  /// The round with wrong gradients, if only one is wrong.
  private var corruptedStep: UInt64?

  init(_ worker: SimulatedWorker, job: UInt64, _ network: SimulatedNetwork, speed: Double, limits: Limits) {
    (id, hiddenCorruption, sendsInvalid) = (worker.id, worker.corruption, worker.sendsInvalid)
    leastMembersToCorrupt = worker.leastMembersToCorrupt
    (self.job, self.network, self.speed, self.limits) = (job, network, speed, limits)
    weights = network.weights
    states = [network.step: network.weights]
    member = TrainingMember(
      job: job, worker: worker.id, step: network.step,
      agreed: StateName(step: network.step, tensors: [network.weights]), isFinished: network.step >= network.rounds,
      resendTimeout: limits.resendTimeout)
  }

  private func notifyWorker(_ event: Worker.Event, in simulation: Simulation) {
    simulation.workers[id]?.handle(event, in: simulation)
  }

  func join(in simulation: Simulation) {
    simulation.check(weights, after: member.step, of: network)
    report(member.membership, in: simulation)
  }

  private func report(_ membership: Membership, in simulation: Simulation) {
    var membership = membership
    if let waiting = member.waiting(at: simulation.now) {
      (membership.waitingFor, membership.waitingMilliseconds) = (waiting.for, UInt32(clamping: waiting.milliseconds))
    }
    notifyWorker(.membership(membership), in: simulation)
  }

  func follow(_ group: Group, in simulation: Simulation) {
    perform(member.follow(group, at: simulation.now), nil, in: simulation)
    receiveEarly(in: simulation)
  }

  private func receiveEarly(in simulation: Simulation) {
    let waiting = early
    early = []
    for message in waiting { receive(message, in: simulation) }
  }

  func tick(in simulation: Simulation) {
    perform(member.tick(at: simulation.now), nil, in: simulation)
    if let waiting = member.waiting(at: simulation.now), waiting.milliseconds >= 1_000,
      simulation.now - lastWaitingReport >= 1_000
    {
      lastWaitingReport = simulation.now
      report(member.membership, in: simulation)
    }
  }

  func receive(_ message: Message, in simulation: Simulation) {
    // The length of a message is known only once its round has begun.
    let isValid = message.header.step != computedStep || fits(message)
    perform(member.receive(message.header, isValid: isValid, at: simulation.now), message, in: simulation)
  }

  private func fits(_ message: Message) -> Bool {
    let piece = ExchangeProtocol.Piece(step: message.header.step, bucket: Int(message.header.bucket))
    switch message.header.kind {
    case .contribution: return message.body.count == part(member.position, of: piece).count
    case .total: return message.body.count == part(Int(message.header.sender), of: piece).count
    default: return true
    }
  }

  private func perform(_ actions: [TrainingMember.Action], _ message: Message?, in simulation: Simulation) {
    for action in actions {
      switch action {
      case .connect:
        reset()
        checked = GradientChecks.targets(of: member.position, memberCount: member.members.count).map { _ in 0 }
      case .report(let membership): report(membership, in: simulation)
      case .compute: compute(in: simulation)
      case .keepForLater: early.append(message!)
      case .requestState(let member): send(.stateRequest, step: self.member.step, [], to: member, in: simulation)
      case .sendState(let member):
        let step = self.member.agreedState.step
        send(.state, step: step, [states[step]!], to: member, in: simulation)
      case .loadState(let name):
        guard message!.body.count == 1, StateName(step: name.step, tensors: message!.body) == name else { break }
        states[name.step] = message!.body[0]
        begin(after: name.step, in: simulation)
      case .restoreState(let step): begin(after: step, in: simulation)
      case .keepState:
        states[member.step] = weights
        perform(member.kept(StateName(step: member.step, tensors: [weights])), nil, in: simulation)
      case .sendCheckpoint(let step):
        let checkpoint = Checkpoint.with { ($0.job, $0.step, $0.finished) = (job, step, step >= network.rounds) }
        let state = step == member.step ? states[step] ?? weights : states[step]!
        simulation.workers[id]?.send(checkpoint, weights: state, in: simulation)
      case .exchange(let action): perform(action, message, in: simulation)
      }
    }
  }

  private func reset() { (kept, sent, computedStep) = ([], [:], nil) }

  private func begin(after step: UInt64, in simulation: Simulation) {
    weights = states[step]!
    reset()
    checkWeights(after: step, in: simulation)
    perform(member.loaded(isFinished: step >= network.rounds, at: simulation.now), nil, in: simulation)
    let steps = member.keptSteps
    states = states.filter { steps.contains($0.key) }
    receiveEarly(in: simulation)
  }

  /// Checks the weights, unless a corrupt worker may have made them wrong for a while.
  private func checkWeights(after step: UInt64, in simulation: Simulation) {
    if simulation.corruptWorkers.isEmpty { simulation.check(weights, after: step, of: network) }
  }

  // MARK: Faults

  /// Corrupts the weights or gradients once, from a certain step on, like bad memory.
  private func corruptOnce(in simulation: Simulation) {
    guard simulation.workers[id]?.hasCorrupted == false else { return }
    switch corruption {
    case .weights(let step)? where member.step >= step: weights ^= id
    case .oneGradient(let step)? where member.step >= step: corruptedStep = member.step
    default: return
    }
    simulation.workers[id]?.hasCorrupted = true
  }

  /// Returns the gradient that this member computes, which may be wrong.
  private func gradient(of shards: Range<Int>, element: Int) -> UInt64 {
    let right = network.gradient(of: shards, element: element, weights: weights, step: member.step)
    guard !shards.isEmpty else { return right }
    switch corruption {
    case .gradients(let step)? where member.step >= step: return right &+ id
    case .oneGradient? where member.step == corruptedStep: return right &+ id
    default: return right
    }
  }

  private func checkGradients(in simulation: Simulation) -> Bool {
    let count = member.checkedShards(isLast: member.step + 1 >= network.rounds)
    guard count > 0 else { return false }
    let targets = GradientChecks.targets(of: member.position, memberCount: member.members.count)
    for (place, target) in targets.enumerated() {
      let own = shards(of: target)
      for shard in own.shuffledBy(mixed(network.number, member.step)).prefix(count) {
        for element in 0..<SimulatedNetwork.gradientCount {
          checked[place] = mixed(checked[place], gradient(of: shard..<shard + 1, element: element))
        }
      }
    }
    return true
  }

  private func compare() -> Comparison {
    defer { checked = checked.map { _ in 0 } }
    states[member.step + 1] = weights
    return Comparison.with {
      ($0.step, $0.finished) = (member.step + 1, member.step + 1 >= network.rounds)
      $0.tensorDigests = [weights]
      if member.checksGradients { $0.gradientDigests = checked }
    }
  }

  // MARK: Shards and parts

  /// Returns the shards of a member. The shards are divided equally, in the order of the members.
  private func shards(of position: Int) -> Range<Int> {
    let count = member.members.count
    return network.shards * position / count..<network.shards * (position + 1) / count
  }

  /// Returns the number of buckets of a round: one or several, as in a real training.
  private static func bucketCount(step: UInt64) -> Int { Int(step % 4) + 1 }

  /// Returns the elements of a bucket that a member adds up.
  private func part(_ position: Int, of piece: ExchangeProtocol.Piece) -> Range<Int> {
    let (count, members) = (Self.bucketCount(step: piece.step), member.members.count)
    func place(_ bucket: Int) -> Int { SimulatedNetwork.gradientCount * bucket / count }
    let bucket = place(piece.bucket)..<place(piece.bucket + 1)
    if ExchangeProtocol.isDirect(memberCount: members) || piece.step == directStep { return bucket }
    func cut(_ position: Int) -> Int { bucket.lowerBound + bucket.count * position / members }
    return cut(position)..<cut(position + 1)
  }

  // MARK: Rounds

  private func compute(in simulation: Simulation) {
    if network.isFaulty, member.step >= 2 {
      if network.behavior == .crashes { return simulation.killWorker(id, by: .network(network.number)) }
      return notifyWorker(.jobFailed(job: job, .with { $0.reason = SimulatedNetwork.failure }), in: simulation)
    }
    if let last = lastComputed, member.step <= last { simulation.repeatedRounds += 1 }
    lastComputed = member.step
    let buckets = Self.bucketCount(step: member.step)
    let own = shards(of: member.position)
    corruptOnce(in: simulation)
    sums = (0..<SimulatedNetwork.gradientCount).map { gradient(of: own, element: $0) }
    directStep = checkGradients(in: simulation) ? member.step : nil
    totals = sums.map { _ in 0 }
    let contributors = Set((0..<member.members.count).filter { !shards(of: $0).isEmpty })
    computedStep = member.step
    let invalid = kept.filter { $0.header.step == member.step && !fits($0) }
    kept.removeAll { $0.header.step == member.step && !fits($0) }
    member.beginRound(
      contributors: contributors, buckets: buckets, isDirect: directStep == member.step,
      invalid: invalid.map { message in
        .init(
          kind: message.header.kind, piece: .init(step: message.header.step, bucket: Int(message.header.bucket)),
          sender: Int(message.header.sender))
      })
    compute(bucketsLeft: buckets, in: simulation)
  }

  private func compute(bucketsLeft: Int, in simulation: Simulation) {
    guard bucketsLeft > 0 else { return }
    let (id, generation, step) = (id, member.generation, member.step)
    let duration = Double.random(in: 2...20, using: &simulation.random) / speed
    simulation.schedule(after: Int(duration)) { simulation in
      // A suspended process does not compute. If it did, new messages would overtake its delayed ones.
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
    case .send(let kind, let piece, let receiver):
      guard let body = body(kind, piece, to: receiver) else { return }
      send(kind, step: piece.step, bucket: piece.bucket, body, to: receiver, in: simulation)
    case .request(let kind, let piece, let receiver):
      send(kind, step: piece.step, bucket: piece.bucket, [], to: receiver, in: simulation)
    case .combine(let piece):
      let part = part(member.position, of: piece)
      totals.replaceSubrange(part, with: sums[part])
      for message in kept(.contribution, step: piece.step, bucket: piece.bucket) {
        for (element, value) in zip(part, message.body) { totals[element] &+= value }
      }
      if case .sums(let first)? = corruption, piece.step >= first, let element = part.first { totals[element] &+= id }
      sent[Sent(kind: .total, piece: piece, receiver: -1)] = Array(totals[part])
    case .complete: complete(in: simulation)
    }
  }

  private func kept(_ kind: ExchangeHeader.Kind, step: UInt64, bucket: Int) -> [Message] {
    kept.filter { $0.header.kind == kind && $0.header.step == step && $0.header.bucket == bucket }
  }

  /// Returns the body of a message; nil if this member does not have it, so that the message is lost.
  private func body(_ kind: ExchangeHeader.Kind, _ piece: ExchangeProtocol.Piece, to receiver: Int) -> [UInt64]? {
    let key = Sent(kind: kind, piece: piece, receiver: kind == .total ? -1 : receiver)
    if let known = sent[key] { return known }
    guard kind == .contribution, piece.step == member.step else { return nil }
    let body = Array(sums[part(receiver, of: piece)])
    sent[key] = body
    return body
  }

  /// Joins the group again with the current weights.
  private func rejoin(in simulation: Simulation) {
    member = TrainingMember(
      job: job, worker: id, step: member.step, agreed: member.agreedState, isFinished: false,
      resendTimeout: limits.resendTimeout)
    early = []
    reset()
    report(member.membership, in: simulation)
  }

  private func complete(in simulation: Simulation) {
    let step = member.step
    if simulation.now < simulation.faults.end, simulation.random.chance(simulation.faults.voidRounds) {
      simulation.count(.voidRound)
      return rejoin(in: simulation)
    }
    for bucket in 0..<Self.bucketCount(step: step) {
      for message in kept(.total, step: step, bucket: bucket) {
        let part = part(Int(message.header.sender), of: .init(step: step, bucket: bucket))
        for (element, value) in zip(part, message.body) { totals[element] &+= value }
      }
    }
    computedStep = nil
    kept.removeAll { $0.header.step <= step }
    sent = sent.filter { $0.key.piece.step >= step }
    weights = SimulatedNetwork.apply(totals, to: weights)
    checkWeights(after: step + 1, in: simulation)
    let isFinished = step + 1 >= network.rounds
    let comparison = member.isComparisonDue(isFinished: isFinished) ? compare() : nil
    perform(
      member.applied(
        isFinished: isFinished, isCheckpointDue: (step + 1) % 10 == 0, comparison: comparison, at: simulation.now),
      nil, in: simulation)
  }

  private func send(
    _ kind: ExchangeHeader.Kind, step: UInt64, bucket: Int = 0, _ body: [UInt64], to position: Int,
    in simulation: Simulation
  ) {
    let header = ExchangeHeader.with {
      ($0.job, $0.generation, $0.step, $0.kind) = (job, member.generation, step, kind)
      ($0.sender, $0.bucket) = (UInt32(member.position), UInt32(bucket))
    }
    let receiver = member.members[position].worker
    let body = sendsInvalid ? body + [0] : body
    simulation.deliver(from: id, to: receiver) {
      $0.workers[receiver]?.receive(Message(header: header, body: body), in: $0)
    }
  }
}

/// A fault of a host, from some step on.
enum Corruption {
  /// The weights are overwritten.
  case weights(after: UInt64)
  /// The gradients are wrong, although the weights are correct.
  case gradients(after: UInt64)
  /// The gradients of one round are wrong.
  case oneGradient(after: UInt64)
  /// The sums of the members' messages are wrong.
  case sums(after: UInt64)
}

extension Range<Int> {
  /// Returns all elements, rotated by a number.
  fileprivate func shuffledBy(_ number: UInt64) -> [Int] {
    isEmpty ? [] : indices.map { lowerBound + ($0 - lowerBound + Int(number % UInt64(count))) % count }
  }
}
