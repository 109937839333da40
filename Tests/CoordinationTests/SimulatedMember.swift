import Coordination
import SwiftProtobuf

/// A member of a training group: the real state machine, and weights that show what has gone into them.
final class SimulatedMember {
  /// What travels between members.
  struct Message {
    let header: ExchangeHeader
    /// Elements of sums, or the weights.
    var body: [UInt64] = []
  }

  private struct Sent: Hashable {
    let kind: ExchangeHeader.Kind
    let piece: ExchangeProtocol.Piece
    /// -1: all.
    let receiver: Int
  }

  private let id: WorkerID
  private let sendsUnfit: Bool
  private let hiddenCorruption: Corruption?
  private let leastMembersToCorrupt: Int
  /// What is wrong with it now.
  private var corruption: Corruption? { member.members.count >= leastMembersToCorrupt ? hiddenCorruption : nil }
  private let job: UInt64
  private let network: SimulatedNetwork
  private let speed: Double
  private let limits: Limits
  private var member: TrainingMember
  private var weights: UInt64
  /// Of the step in hand: this member's sums, and the totals that it knows.
  private var sums: [UInt64] = []
  private var totals: [UInt64] = []
  /// Whose pieces' lengths are known.
  private var computedStep: UInt64?
  private var lastComputed: UInt64?
  /// In which every member adds up the whole.
  private var directStep: UInt64?
  private var kept: [Message] = []
  private var early: [Message] = []
  /// What went out is sent again as it was.
  private var sent: [Sent: [UInt64]] = [:]
  /// Weights that may still be needed, by the steps that were taken.
  private var states: [UInt64: UInt64]
  /// Since the last comparison, gradients that were computed more than once.
  private var checked: [UInt64] = []
  private var toldWaiting: Milliseconds = 0
  /// The round whose gradients are wrong, if only those of one are.
  private var spoiledStep: UInt64?

  init(_ worker: SimulatedWorker, job: UInt64, _ network: SimulatedNetwork, speed: Double, limits: Limits) {
    (id, hiddenCorruption, sendsUnfit) = (worker.id, worker.corruption, worker.sendsUnfit)
    leastMembersToCorrupt = worker.leastMembersToCorrupt
    (self.job, self.network, self.speed, self.limits) = (job, network, speed, limits)
    weights = network.weights
    states = [network.step: network.weights]
    member = TrainingMember(
      job: job, worker: worker.id, step: network.step,
      agreed: StateName(step: network.step, tensors: [network.weights]), isFinished: network.step >= network.rounds,
      resendTimeout: limits.resendTimeout)
  }

  private func tell(_ event: Worker.Event, in simulation: Simulation) {
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
    tell(.membership(membership), in: simulation)
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
      simulation.now - toldWaiting >= 1_000
    {
      toldWaiting = simulation.now
      report(member.membership, in: simulation)
    }
  }

  func receive(_ message: Message, in simulation: Simulation) {
    // Of a round that is yet to begin, nobody knows.
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

  /// Where somebody is faulty, weights may be wrong for a while.
  private func checkWeights(after step: UInt64, in simulation: Simulation) {
    if simulation.liars.isEmpty { simulation.check(weights, after: step, of: network) }
  }

  // MARK: Faults

  /// As bad memory does it: once, from a certain step on, to whatever is computed from these weights.
  private func spoilOnce(in simulation: Simulation) {
    guard simulation.workers[id]?.hasSpoiled == false else { return }
    switch corruption {
    case .weights(let step)? where member.step >= step: weights ^= id
    case .oneGradient(let step)? where member.step >= step: spoiledStep = member.step
    default: return
    }
    simulation.workers[id]?.hasSpoiled = true
  }

  /// What this member makes of a shard's gradient.
  private func gradient(of shards: Range<Int>, element: Int) -> UInt64 {
    let right = network.gradient(of: shards, element: element, weights: weights, step: member.step)
    guard !shards.isEmpty else { return right }
    switch corruption {
    case .gradients(let step)? where member.step >= step: return right &+ id
    case .oneGradient? where member.step == spoiledStep: return right &+ id
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

  // MARK: Whose is what

  /// Each member owns an equal share; the members' order is that of their shards.
  private func shards(of position: Int) -> Range<Int> {
    let count = member.members.count
    return network.shards * position / count..<network.shards * (position + 1) / count
  }

  /// As in a real training, some rounds have one bucket and others several.
  private static func bucketCount(step: UInt64) -> Int { Int(step % 4) + 1 }

  /// The elements of a bucket that a member adds up.
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
    if network.isFateful, member.step >= 2 {
      if network.fate == .dies { return simulation.killWorker(id, by: .network(network.number)) }
      return tell(.jobFailed(job: job, reason: SimulatedNetwork.failure), in: simulation)
    }
    if let last = lastComputed, member.step <= last { simulation.repeatedRounds += 1 }
    lastComputed = member.step
    let buckets = Self.bucketCount(step: member.step)
    let own = shards(of: member.position)
    spoilOnce(in: simulation)
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

  /// nil for what this member has not: as good as a message that is lost.
  private func body(_ kind: ExchangeHeader.Kind, _ piece: ExchangeProtocol.Piece, to receiver: Int) -> [UInt64]? {
    let key = Sent(kind: kind, piece: piece, receiver: kind == .total ? -1 : receiver)
    if let known = sent[key] { return known }
    guard kind == .contribution, piece.step == member.step else { return nil }
    let body = Array(sums[part(receiver, of: piece)])
    sent[key] = body
    return body
  }

  /// It joins the others anew, from the weights that it has.
  private func startOver(in simulation: Simulation) {
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
      return startOver(in: simulation)
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
    let body = sendsUnfit ? body + [0] : body
    simulation.deliver(from: id, to: receiver) {
      $0.workers[receiver]?.receive(Message(header: header, body: body), in: $0)
    }
  }
}

/// What is wrong with a host, from some step on.
enum Corruption {
  /// Its weights are overwritten.
  case weights(after: UInt64)
  /// It computes other gradients than it should, from right weights.
  case gradients(after: UInt64)
  /// It does so in one round only.
  case oneGradient(after: UInt64)
  /// It adds up wrongly what the members send each other.
  case sums(after: UInt64)
}

extension Range<Int> {
  /// All of them, beginning at one that the number decides.
  fileprivate func shuffledBy(_ number: UInt64) -> [Int] {
    isEmpty ? [] : indices.map { lowerBound + ($0 - lowerBound + Int(number % UInt64(count))) % count }
  }
}
