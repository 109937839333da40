internal import Foundation
internal import SwiftProtobuf

/// The workers that train one network together, as the coordinator sees them.
///
/// A group lives in generations. Whenever a member is lost, joins or stalls, the next generation is announced; members stop, and report the
/// newest state that they hold and know to be right. When all have, the generation begins from the newest of these, and a member that lacks it
/// gets it from one that has it.
///
/// A state is *agreed* when all members have reported the same digests of it, and the gradients that were computed more than once before it
/// were the same. Only agreed states are given to members and kept as checkpoints. Rounds after the last agreed one are computed again when a
/// generation ends: a member that is lost, or expelled, may have spoiled them.
package struct TrainingGroup: Sendable {
  package private(set) var generation: UInt64 = 0
  /// In the order of their shards.
  package private(set) var members: [WorkerID] = []
  /// Workers that wait to be members until the next state is agreed on: so little has to be computed again.
  private(set) var applicants: Set<WorkerID> = []
  /// Workers without which the first generation does not begin. One worker alone has nothing to compare its states with, and computes slowly.
  private var expected: Set<WorkerID> = []
  /// The states of those that have stopped for this generation.
  private var stopped: [WorkerID: StateName] = [:]
  private var beginning: (state: StateName, source: WorkerID)?
  package internal(set) var savedStep: UInt64
  /// The newest agreed state; its digest is not known if it is what the job begins with.
  package private(set) var agreed: (step: UInt64, digest: UInt64?)
  /// Digests of the newest agreed states: a checkpoint may be of an older one.
  private var agreedDigests: [StateName] = []
  private(set) var plan = ComparisonPlan(fraction: 0, shards: 1, threads: [])
  /// What each member has reported last.
  private var comparisons: [WorkerID: [Comparison]] = [:]
  /// The only member of the newest generation that has begun. There is nothing to compare its states with.
  private var loneMember: WorkerID?
  private let rounds: UInt64
  private let shards: Int
  private var pause: (agreedStep: UInt64, isComplete: Bool)?

  /// States that a member may hold that are yet to be agreed on.
  static let maxPending = 2
  private static let maxTensors = 4_096
  private static let maxDigests = 64

  /// - Parameters:
  ///   - savedStep: where the checkpoint stands that members begin with.
  ///   - digest: of that checkpoint's state, if known.
  ///   - rounds: of the whole training, at most.
  ///   - shards: of a batch.
  package init(savedStep: UInt64, digest: UInt64? = nil, rounds: UInt64 = 1 << 48, shards: Int = 1) {
    (self.savedStep, self.rounds, self.shards) = (savedStep, rounds, shards)
    agreed = (savedStep, digest)
  }

  package var hasBegun: Bool { beginning != nil }

  // MARK: Generations

  /// A member was found, or lost. Those that wait become members as well.
  mutating func regroup(_ members: [WorkerID]) {
    if hasBegun { loneMember = self.members.count == 1 ? self.members[0] : nil }
    self.members = Set(members).union(applicants).sorted()
    generation += 1
    (stopped, comparisons, applicants, beginning) = ([:], [:], [], nil)
  }

  /// The first generation begins once all of these are ready, except those that are lost before.
  mutating func expect(_ workers: Set<WorkerID>) { expected = workers }

  /// A worker is ready to be a member.
  /// - Returns: whether it becomes one at once, by another generation.
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

  /// Whether the first generation can begin, since the last worker that it waited for was lost.
  var isComplete: Bool { members.isEmpty && expected.isEmpty && !applicants.isEmpty }

  package enum Beginning: Sendable, Equatable {
    case waits, begins
    /// Members hold different states after the same round, and no majority says which is right.
    case noMajority([WorkerID])
  }

  /// - Parameters:
  ///   - threads: of a member
  ///   - fraction: see ``ComparisonPlan/init(fraction:shards:threads:)``
  mutating func note(
    _ membership: Membership, of worker: WorkerID, threads: (WorkerID) -> Int, fraction: Double
  ) -> Beginning {
    guard beginning == nil, membership.generation == generation, membership.stopped, members.contains(worker) else {
      return .waits
    }
    stopped[worker] = StateName(step: membership.agreedStep, digest: membership.agreedDigest)
    guard stopped.count == members.count else { return .waits }
    let usable = members.filter { isUsable(stopped[$0]!, of: $0) }
    let candidates = usable.isEmpty ? members : usable
    let step = candidates.map { stopped[$0]!.step }.max()!
    let holders = candidates.filter { stopped[$0]!.step == step }
    let known = step == agreed.step ? agreed.digest : nil
    guard let digest = known ?? majority(of: holders.map { stopped[$0]!.digest }) else { return .noMajority(holders) }
    guard let source = holders.first(where: { stopped[$0]!.digest == digest }) else { return .noMajority(holders) }
    let state = StateName(step: step, digest: digest)
    beginning = (state, source)
    // What a member says that is alone is not known to be right: it must not be held against the members after it.
    if members.count > 1 || known != nil { agree(on: state) }
    plan = ComparisonPlan(fraction: fraction, shards: shards, threads: members.map(threads))
    return .begins
  }

  /// Whether a member can know that this state is right, for all that was agreed on.
  private func isUsable(_ state: StateName, of worker: WorkerID) -> Bool {
    if state.step == agreed.step, let digest = agreed.digest { return state.digest == digest }
    return state.step <= max(agreed.step, savedStep) || worker == loneMember
  }

  private mutating func agree(on state: StateName) {
    agreed = (state.step, state.digest)
    agreedDigests = agreedDigests.filter { $0.step != state.step }.suffix(Self.maxDigests - 1) + [state]
  }

  // MARK: Reports

  /// Why a report cannot be true; nil if it can. Whoever sends such a report must not keep the others' states from being compared.
  func fault(of membership: Membership, from worker: WorkerID) -> String? {
    guard membership.step <= rounds, membership.agreedStep <= membership.step else {
      return "round \(max(membership.step, membership.agreedStep)) of \(rounds)"
    }
    guard membership.comparisons.count <= Self.maxPending else {
      return "\(membership.comparisons.count) states that are yet to be compared; at most \(Self.maxPending) can be"
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
      else { return "a comparison after round \(comparison.step), where there is none" }
      guard (1...Self.maxTensors).contains(comparison.tensorDigests.count),
        comparison.gradientDigests.count == gradients
      else {
        return
          "\(comparison.tensorDigests.count) digests of tensors and \(comparison.gradientDigests.count) of gradients"
      }
      last = comparison.step
    }
    let next = (agreed.step / interval + 1) * interval
    if next <= membership.step, !membership.comparisons.contains(where: { $0.step == next }) {
      return "round \(membership.step) without a comparison after round \(next)"
    }
    return nil
  }

  /// What comes of a report.
  package enum Verdict: Sendable, Equatable {
    /// Not all members have reported the next state.
    case waits
    /// A newer state is agreed on.
    case agreed
    case deviates([Deviation])
    /// Members disagree, and no majority says who is right.
    case noMajority(step: UInt64, [WorkerID])
  }

  /// A member whose state, or whose gradient, is not that of the majority.
  package struct Deviation: Sendable, Equatable {
    package let worker: WorkerID
    package let step: UInt64
    /// Positions in the model's list of tensors; empty if a gradient differs.
    package let tensors: [Int]
  }

  /// Compares what all members have reported, the oldest state first.
  mutating func compare(_ membership: Membership, of worker: WorkerID) -> Verdict {
    guard hasBegun, members.count > 1, membership.generation == generation, !membership.stopped,
      members.contains(worker)
    else { return .waits }
    comparisons[worker] = membership.comparisons
    var verdict = Verdict.waits
    for comparison in membership.comparisons where comparison.step > agreed.step {
      let reports = members.compactMap { member in
        comparisons[member]?.first { $0.step == comparison.step }
      }
      guard reports.count == members.count else { break }
      let judged = judge(reports)
      guard judged == .agreed else { return judged }
      agree(on: comparison.name)
      verdict = .agreed
    }
    return verdict
  }

  /// - Parameter reports: of all members on the same state, in their order
  private func judge(_ reports: [Comparison]) -> Verdict {
    let step = reports[0].step
    func isAlike(_ one: Comparison, _ other: Comparison) -> Bool {
      one.finished == other.finished && one.tensorDigests == other.tensorDigests
    }
    if !reports.allSatisfy({ isAlike($0, reports[0]) }) {
      guard let right = reports.first(where: { one in reports.count { isAlike(one, $0) } * 2 > reports.count }) else {
        return .noMajority(step: step, members)
      }
      return .deviates(
        zip(members, reports).filter { !isAlike($1, right) }.map { worker, report in
          let (own, other) = (report.tensorDigests, right.tensorDigests)
          let tensors = (0..<max(own.count, other.count)).filter {
            $0 >= own.count || $0 >= other.count || own[$0] != other[$0]
          }
          return Deviation(worker: worker, step: step, tensors: tensors)
        })
    }
    guard plan.checkedShards > 0 else { return .agreed }
    return judgeGradients(reports, after: step)
  }

  private func judgeGradients(_ reports: [Comparison], after step: UInt64) -> Verdict {
    let count = reports.count
    let checkers = GradientChecks.checkers(memberCount: count)
    var deviating: Set<Int> = []
    for member in 0..<count {
      // Those that have computed this member's shards, itself first, and what came of it.
      let voters = (0...checkers).map { (member + $0) % count }
      let digests = voters.enumerated().map { reports[$1].gradientDigests[$0] }
      guard let right = majority(of: digests) else { return .noMajority(step: step, voters.map { members[$0] }) }
      for (voter, digest) in zip(voters, digests) where digest != right { deviating.insert(voter) }
    }
    if deviating.isEmpty { return .agreed }
    return .deviates(deviating.sorted().map { Deviation(worker: members[$0], step: step, tensors: []) })
  }

  /// What more than half of them are.
  private func majority(of digests: [UInt64]) -> UInt64? {
    digests.first { digest in digests.count { $0 == digest } * 2 > digests.count }
  }

  // MARK: Checkpoints

  package enum CheckpointValidity: Sendable, Equatable {
    case counts, isUnknown
    /// It is not the state that the members agreed on.
    case isWrong
  }

  /// - Parameter checkpoint: with the digest of its bytes
  func worth(of checkpoint: Checkpoint) -> CheckpointValidity {
    guard hasBegun, checkpoint.step <= rounds else { return .isUnknown }
    // A member that is alone is believed.
    if members.count == 1 { return .counts }
    guard let known = agreedDigests.last(where: { $0.step == checkpoint.step }) else { return .isUnknown }
    return known.digest == checkpoint.digest ? .counts : .isWrong
  }

  mutating func noteKept(_ checkpoint: Checkpoint) {
    savedStep = max(savedStep, checkpoint.step)
    if members.count == 1, checkpoint.step >= agreed.step {
      agree(on: StateName(step: checkpoint.step, digest: checkpoint.digest))
    }
    if let pause, members.count == 1 || checkpoint.step > pause.agreedStep { self.pause!.isComplete = true }
  }

  package var isPaused: Bool { pause != nil }
  /// Whether a checkpoint has been kept that is newer than the pause.
  package var isPauseComplete: Bool { pause?.isComplete ?? false }

  mutating func hold() {
    if pause == nil { pause = (agreed.step, false) }
  }

  // MARK: Orders

  /// What its members are told.
  func orders(profiles: [WorkerID: Profile]) -> Group {
    Group.with { group in
      group.generation = generation
      group.savedStep = savedStep
      group.pause = isPaused
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
