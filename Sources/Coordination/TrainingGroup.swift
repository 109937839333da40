internal import Foundation
internal import SwiftProtobuf

/// The coordinator's view of the workers that train one network together.
///
/// The life of a group is a sequence of generations. Whenever a member is lost, joins or stalls, the next generation is
/// announced; all members stop, and report the newest state that they hold and know to be correct. When all have
/// reported, the generation begins from the newest of these states. A member that lacks the state gets it from another.
///
/// A state is *agreed on* when all members have reported equal digests of it, and the gradients that were computed more
/// than once before it were equal. Only such states are given to members and kept as checkpoints. The rounds after the
/// last one are computed again when a generation ends, because a member that was lost or expelled may have corrupted
/// them.
package struct TrainingGroup: Sendable {
  package private(set) var generation: UInt64 = 0
  /// In the order of their shards.
  package private(set) var members: [WorkerID] = []
  /// Workers that wait until the next state is agreed on before they become members, so that few rounds are computed
  /// again.
  private(set) var applicants: Set<WorkerID> = []
  /// Workers that the first generation waits for. A single worker would be slow, and could not compare its states.
  private var expected: Set<WorkerID> = []
  /// The states of the members that have stopped for this generation.
  private var stopped: [WorkerID: StateName] = [:]
  private var beginning: (state: StateName, source: WorkerID)?
  package internal(set) var savedStep: UInt64
  /// The newest state that was agreed on. The digest of the job's initial state may be unknown.
  package private(set) var agreed: (step: UInt64, digest: UInt64?)
  /// The newest states that were agreed on. A checkpoint may contain an older one of them.
  private var agreedDigests: [StateName] = []
  private(set) var plan = ComparisonPlan(fraction: 0, shards: 1, threads: [])
  /// The last report of each member.
  private var comparisons: [WorkerID: [Comparison]] = [:]
  /// The only member of the newest generation that has begun. Its states cannot be compared.
  private var loneMember: WorkerID?
  private let rounds: UInt64
  private let shards: Int
  private var pauseRequest: (agreedStep: UInt64, isComplete: Bool)?

  /// The number of states that a member may hold before they are agreed on.
  static let maxPending = 2
  private static let maxTensors = 4_096
  private static let maxDigests = 64

  /// - Parameters:
  ///   - savedStep: The step of the checkpoint that members begin with.
  ///   - digest: The digest of that checkpoint's state, if known.
  ///   - rounds: The largest number of rounds of the training.
  ///   - shards: The number of shards of a batch.
  package init(savedStep: UInt64, digest: UInt64? = nil, rounds: UInt64 = 1 << 48, shards: Int = 1) {
    (self.savedStep, self.rounds, self.shards) = (savedStep, rounds, shards)
    agreed = (savedStep, digest)
  }

  var hasBegun: Bool { beginning != nil }

  // MARK: Generations

  /// Announces the next generation, with these members and the applicants.
  mutating func regroup(_ members: [WorkerID]) {
    if hasBegun { loneMember = self.members.count == 1 ? self.members[0] : nil }
    self.members = Set(members).union(applicants).sorted()
    generation += 1
    (stopped, comparisons, applicants, beginning) = ([:], [:], [], nil)
  }

  /// Makes the first generation wait until these workers are ready or lost.
  mutating func expect(_ workers: Set<WorkerID>) { expected = workers }

  /// Notes that a worker is ready to be a member.
  /// - Returns: Whether it becomes a member at once, by a new generation.
  mutating func admits(_ worker: WorkerID) -> Bool {
    expected.remove(worker)
    guard expected.isEmpty else {
      applicants.insert(worker)
      return false
    }
    if !hasBegun || members.count == 1 { return true }
    applicants.insert(worker)
    return false
  }

  mutating func removeApplicant(_ worker: WorkerID) {
    applicants.remove(worker)
    expected.remove(worker)
  }

  /// Whether the first generation can begin because the last worker that it waited for was lost.
  var isComplete: Bool { members.isEmpty && expected.isEmpty && !applicants.isEmpty }

  package enum Beginning: Sendable, Equatable {
    case pending, begun
    /// Members hold different states of the same round, and none of these states has a majority.
    case noMajority([WorkerID])
  }

  /// Notes the state of a member that has stopped, and begins the generation if it was the last one.
  /// - Parameters:
  ///   - threads: Returns the number of threads of a member.
  ///   - fraction: See ``ComparisonPlan/init(fraction:shards:threads:)``.
  mutating func note(
    _ membership: Membership, of worker: WorkerID, threads: (WorkerID) -> Int, fraction: Double
  ) -> Beginning {
    guard beginning == nil, membership.generation == generation, membership.stopped, members.contains(worker) else {
      return .pending
    }
    stopped[worker] = StateName(step: membership.agreedStep, digest: membership.agreedDigest)
    guard stopped.count == members.count else { return .pending }
    let usable = members.filter { isUsable(stopped[$0]!, of: $0) }
    let candidates = usable.isEmpty ? members : usable
    let step = candidates.map { stopped[$0]!.step }.max()!
    let holders = candidates.filter { stopped[$0]!.step == step }
    let known = step == agreed.step ? agreed.digest : nil
    guard let digest = known ?? majority(of: holders.map { stopped[$0]!.digest }) else { return .noMajority(holders) }
    guard let source = holders.first(where: { stopped[$0]!.digest == digest }) else { return .noMajority(holders) }
    let state = StateName(step: step, digest: digest)
    beginning = (state, source)
    // The state of a single member may be wrong. Members that join later must not be compared with it.
    if members.count > 1 || known != nil { agree(on: state) }
    plan = ComparisonPlan(fraction: fraction, shards: shards, threads: members.map(threads))
    return .begun
  }

  /// Returns whether the state is consistent with the states that were agreed on.
  private func isUsable(_ state: StateName, of worker: WorkerID) -> Bool {
    if state.step == agreed.step, let digest = agreed.digest { return state.digest == digest }
    return state.step <= max(agreed.step, savedStep) || worker == loneMember
  }

  private mutating func agree(on state: StateName) {
    agreed = (state.step, state.digest)
    agreedDigests = agreedDigests.filter { $0.step != state.step }.suffix(Self.maxDigests - 1) + [state]
  }

  // MARK: Reports

  /// Returns why a report is invalid; nil if it is valid. The sender of an invalid report is expelled, since it could
  /// keep the states of the others from being compared.
  func fault(of membership: Membership, from worker: WorkerID) -> String? {
    guard membership.step <= rounds, membership.agreedStep <= membership.step else {
      return "round \(max(membership.step, membership.agreedStep)) of \(rounds)"
    }
    guard membership.comparisons.count <= Self.maxPending else {
      return "\(membership.comparisons.count) states to compare, of \(Self.maxPending) at most"
    }
    guard hasBegun, membership.generation == generation, !membership.stopped, members.contains(worker) else {
      return membership.generation > generation ? "generation \(membership.generation) of \(generation)" : nil
    }
    guard members.count > 1 else { return nil }
    let interval = UInt64(plan.interval)
    let gradients = plan.checkedShards == 0 ? 0 : GradientChecks.checkers(memberCount: members.count) + 1
    var last: UInt64 = 0
    for comparison in membership.comparisons {
      guard comparison.step > last, comparison.step <= membership.step,
        comparison.finished || comparison.step % interval == 0
      else { return "an unexpected comparison after round \(comparison.step)" }
      guard (1...Self.maxTensors).contains(comparison.tensorDigests.count),
        comparison.gradientDigests.count == gradients
      else {
        return
          "\(comparison.tensorDigests.count) tensor digests and \(comparison.gradientDigests.count) gradient digests"
      }
      last = comparison.step
    }
    let next = (agreed.step / interval + 1) * interval
    if next <= membership.step, !membership.comparisons.contains(where: { $0.step == next }) {
      return "round \(membership.step) without a comparison after round \(next)"
    }
    return nil
  }

  /// The result of comparing the members' reports.
  package enum Verdict: Sendable, Equatable {
    /// Some members have yet to report the next state.
    case pending
    /// All members agree on a newer state.
    case agreed
    case deviates([Deviation])
    /// Members disagree, and there is no majority.
    case noMajority(step: UInt64, [WorkerID])
  }

  /// A member whose state or gradient differs from that of the majority.
  package struct Deviation: Sendable, Equatable {
    package let worker: WorkerID
    package let step: UInt64
    /// The positions of the different tensors in the model's list; empty if a gradient differs.
    package let tensors: [Int]
  }

  /// Notes a report, and compares the states that all members have reported, the oldest first.
  mutating func compare(_ membership: Membership, of worker: WorkerID) -> Verdict {
    guard hasBegun, members.count > 1, membership.generation == generation, !membership.stopped,
      members.contains(worker)
    else { return .pending }
    comparisons[worker] = membership.comparisons
    var verdict = Verdict.pending
    for comparison in membership.comparisons where comparison.step > agreed.step {
      let reports = members.compactMap { member in
        comparisons[member]?.first { $0.step == comparison.step }
      }
      guard reports.count == members.count else { break }
      let result = compare(reports)
      guard result == .agreed else { return result }
      agree(on: comparison.name)
      verdict = .agreed
    }
    return verdict
  }

  /// - Parameter reports: The report of each member on the same state.
  private func compare(_ reports: [Comparison]) -> Verdict {
    let step = reports[0].step
    func isEqual(_ one: Comparison, _ other: Comparison) -> Bool {
      one.finished == other.finished && one.tensorDigests == other.tensorDigests
    }
    if !reports.allSatisfy({ isEqual($0, reports[0]) }) {
      guard let correct = reports.first(where: { one in reports.count { isEqual(one, $0) } * 2 > reports.count }) else {
        return .noMajority(step: step, members)
      }
      return .deviates(
        zip(members, reports).filter { !isEqual($1, correct) }.map { worker, report in
          let (own, other) = (report.tensorDigests, correct.tensorDigests)
          let tensors = (0..<max(own.count, other.count)).filter {
            $0 >= own.count || $0 >= other.count || own[$0] != other[$0]
          }
          return Deviation(worker: worker, step: step, tensors: tensors)
        })
    }
    guard plan.checkedShards > 0 else { return .agreed }
    return compareGradients(reports, after: step)
  }

  private func compareGradients(_ reports: [Comparison], after step: UInt64) -> Verdict {
    let count = reports.count
    let checkers = GradientChecks.checkers(memberCount: count)
    var deviating: Set<Int> = []
    for member in 0..<count {
      // The members that have computed this member's shards, itself first, and their digests.
      let voters = (0...checkers).map { (member + $0) % count }
      let digests = voters.enumerated().map { reports[$1].gradientDigests[$0] }
      guard let correct = majority(of: digests) else { return .noMajority(step: step, voters.map { members[$0] }) }
      for (voter, digest) in zip(voters, digests) where digest != correct { deviating.insert(voter) }
    }
    if deviating.isEmpty { return .agreed }
    return .deviates(deviating.sorted().map { Deviation(worker: members[$0], step: step, tensors: []) })
  }

  /// Returns the digest that more than half of `digests` are equal to.
  private func majority(of digests: [UInt64]) -> UInt64? {
    digests.first { digest in digests.count { $0 == digest } * 2 > digests.count }
  }

  // MARK: Checkpoints

  package enum CheckpointValidity: Sendable, Equatable {
    case valid
    /// No state of this step was agreed on.
    case unknown
    /// The state differs from the one that the members agreed on.
    case wrong
  }

  /// - Parameter checkpoint: A checkpoint whose digest was computed from its bytes.
  func validity(of checkpoint: Checkpoint) -> CheckpointValidity {
    guard hasBegun, checkpoint.step <= rounds else { return .unknown }
    // The states of a single member cannot be compared.
    if members.count == 1 { return .valid }
    guard let known = agreedDigests.last(where: { $0.step == checkpoint.step }) else { return .unknown }
    return known.digest == checkpoint.digest ? .valid : .wrong
  }

  mutating func noteKept(_ checkpoint: Checkpoint) {
    savedStep = max(savedStep, checkpoint.step)
    if members.count == 1, checkpoint.step >= agreed.step {
      agree(on: StateName(step: checkpoint.step, digest: checkpoint.digest))
    }
    if let pauseRequest, members.count == 1 || checkpoint.step > pauseRequest.agreedStep {
      self.pauseRequest!.isComplete = true
    }
  }

  var isPauseRequested: Bool { pauseRequest != nil }
  /// Whether a checkpoint has been kept since the pause was requested.
  package var isPauseComplete: Bool { pauseRequest?.isComplete ?? false }

  mutating func requestPause() {
    if pauseRequest == nil { pauseRequest = (agreed.step, false) }
  }

  // MARK: Orders

  /// Returns the group's part of the members' orders.
  func orders(profiles: [WorkerID: Profile]) -> Group {
    Group.with { group in
      group.generation = generation
      group.savedStep = savedStep
      group.pause = isPauseRequested
      if let digest = agreed.digest { (group.agreedStep, group.agreedDigest) = (agreed.step, digest) }
      group.members = members.map { worker in
        Member.with { member in
          member.worker = worker
          member.endpoint = profiles[worker]?.exchangeEndpoint ?? ""
          member.key = profiles[worker]?.exchangeKey ?? .init()
          member.threads = profiles[worker]?.threads ?? 1
        }
      }
      guard let beginning else { return }
      group.begun = true
      (group.step, group.digest, group.source) = (beginning.state.step, beginning.state.digest, beginning.source)
      (group.interval, group.checkedShards) = (plan.interval, plan.checkedShards)
    }
  }
}
