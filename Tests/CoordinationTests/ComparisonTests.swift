import Coordination
import Foundation
import SwiftProtobuf
import Testing

/// The comparison of the digests that the members of a training report.
struct ComparisonTests {
  private var coordinator: Coordinator
  private var statuses: UInt64 = 0
  private var job: UInt64 = 0
  private var generation: UInt64 = 0
  private var orders: [WorkerID: Orders] = [:]
  private var actions: [Coordinator.Action] = []

  init() {
    coordinator = Coordinator(session: 7, numerics: 3, limits: Limits())
  }

  private mutating func take(_ new: [Coordinator.Action]) {
    actions = new
    for case .send(let sent, let worker) in new { orders[worker] = sent }
  }

  private mutating func report(_ worker: WorkerID, _ membership: Membership?) {
    statuses += 1
    let status = WorkerStatus.with {
      $0.number = statuses
      ($0.profile.host, $0.profile.process) = ("host\(worker)", UInt32(worker))
      ($0.profile.threads, $0.profile.numerics) = (1, 3)
      if let membership { $0.membership = membership }
    }
    take(coordinator.handle(.status(status), from: worker, at: 0))
  }

  private mutating func stop(_ worker: WorkerID, agreed: StateName = StateName(step: 0, digest: 1)) {
    let generation = orders[worker]?.group.generation ?? 0
    report(
      worker,
      .with {
        ($0.job, $0.generation, $0.stopped, $0.step) = (job, generation, true, agreed.step)
        ($0.agreedStep, $0.agreedDigest) = (agreed.step, agreed.digest)
      })
  }

  /// Starts a generation of the members 1, 2, ….
  private mutating func train(_ count: Int, rounds: UInt64 = 1_000) {
    _ = coordinator.start(.training(TrainingGroup(savedStep: 0, rounds: rounds, shards: 8)), description: [], at: 0)
    job = coordinator.lastJob
    for worker in 1...WorkerID(count) { report(worker, nil) }
    for _ in 0..<2 { for worker in 1...WorkerID(count) { stop(worker) } }
    generation = orders[1]!.group.generation
    #expect(orders[1]!.group.begun && orders[1]!.group.members.count == count)
  }

  private var interval: UInt64 { UInt64(orders[1]!.group.interval) }

  private mutating func report(
    _ worker: WorkerID, step: UInt64, _ tensors: [UInt64], gradients: [UInt64], at comparedStep: UInt64? = nil
  ) {
    report(
      worker,
      .with {
        ($0.job, $0.generation, $0.step) = (job, generation, step)
        $0.comparisons = [
          .with {
            ($0.step, $0.tensorDigests, $0.gradientDigests) = (comparedStep ?? step, tensors, gradients)
          }
        ]
      })
  }

  private var deviations: [TrainingGroup.Deviation] {
    actions.compactMap { if case .note(.deviates(let deviation, _)) = $0 { deviation } else { nil } }
  }

  private var failure: String? {
    actions.lazy.compactMap { if case .end(.failed(let reason), _) = $0 { reason } else { nil } }.first
  }

  private func refusal(of worker: WorkerID) -> String? {
    actions.lazy.compactMap { if case .refuse(worker, let reason) = $0 { reason } else { nil } }.first
  }

  // MARK: States

  @Test mutating func equalStatesAreAgreedOn() {
    train(3)
    for worker in 1...3 as ClosedRange<WorkerID> {
      #expect(orders[1]!.group.agreedStep == 0)
      report(worker, step: interval, [8, 9], gradients: [1, 1, 1])
    }
    #expect(orders[1]!.group.agreedStep == interval && orders[3]!.group.agreedStep == interval)
    #expect(orders[1]!.group.agreedDigest == StateName(step: interval, tensors: [8, 9]).digest)
  }

  @Test mutating func expelsMemberWithDifferentWeights() throws {
    train(3)
    let first = interval
    for worker in 1...3 as ClosedRange<WorkerID> { report(worker, step: first, [8, 9], gradients: [1, 1, 1]) }
    report(1, step: 2 * first, [8, 3], gradients: [1, 1, 1])
    report(2, step: 2 * first, [8, 5], gradients: [1, 1, 1])
    report(3, step: 2 * first, [8, 3], gradients: [1, 1, 1])
    #expect(deviations.map(\.worker) == [2] && deviations.map(\.tensors) == [[1]])
    #expect(deviations.map(\.step) == [2 * first])
    #expect(try #require(refusal(of: 2)).contains("weights after round \(2 * first)") && coordinator.workerCount == 2)
    let agreed = StateName(step: first, tensors: [8, 9])
    stop(1, agreed: agreed)
    stop(3, agreed: agreed)
    #expect(orders[3]!.group.begun && orders[3]!.group.step == first && orders[3]!.group.digest == agreed.digest)
    report(2, nil)
    #expect(refusal(of: 2) != nil, "the worker is refused")
  }

  @Test(arguments: [1, 2, 3] as [WorkerID]) mutating func expelsMemberWithWrongGradients(faulty: WorkerID) {
    train(3)
    // Each member has computed its own shard, and those of the two preceding members.
    for worker in 1...3 as ClosedRange<WorkerID> {
      let correct = (0...2).map { (worker + 2 - UInt64($0)) % 3 + 100 }
      report(worker, step: interval, [8], gradients: worker == faulty ? correct.map { $0 ^ 64 } : correct)
    }
    #expect(deviations.map(\.worker) == [faulty] && deviations.map(\.tensors) == [[]])
    #expect(orders[faulty == 1 ? 2 : 1]!.group.agreedStep == 0)
  }

  @Test(arguments: [true, false]) mutating func twoDifferentMembersHaveNoMajority(hasWrongGradients: Bool) throws {
    train(2)
    let interval = interval
    report(1, step: interval, [4], gradients: [1, 2])
    report(2, step: interval, hasWrongGradients ? [4] : [6], gradients: hasWrongGradients ? [2, 7] : [2, 1])
    let reason = try #require(failure)
    #expect(reason.contains("host1, process 1") && reason.contains("host2, process 2"), "both are named")
    #expect(reason.contains("round \(interval)"))
  }

  @Test mutating func initialStatesMustBeEqual() throws {
    _ = coordinator.start(.training(TrainingGroup(savedStep: 0)), description: [], at: 0)
    job = coordinator.lastJob
    for worker in [1, 2] as [WorkerID] { report(worker, nil) }
    for _ in 0..<2 {
      for worker in [1, 2] as [WorkerID] where failure == nil { stop(worker, agreed: .init(step: 0, digest: worker)) }
    }
    #expect(try #require(failure).contains("no majority"))
  }

  // MARK: Members that join

  @Test mutating func workerJoinsAtNextAgreedState() {
    train(2)
    let interval = interval
    report(3, nil)
    stop(3)
    #expect(orders[1]!.group.begun && orders[1]!.group.generation == generation, "no rounds are repeated")
    report(1, step: interval, [4], gradients: [1, 2])
    report(2, step: interval, [4], gradients: [2, 1])
    #expect(!orders[1]!.group.begun && orders[1]!.group.generation == generation + 1)
    let agreed = StateName(step: interval, tensors: [4])
    stop(1, agreed: agreed)
    stop(2, agreed: agreed)
    stop(3)
    #expect(orders[3]!.group.begun && orders[3]!.group.step == interval && orders[3]!.group.source == 1)
  }

  /// A state that no other member has confirmed may be wrong.
  @Test mutating func generationDoesNotBeginFromUncheckedState() {
    train(2)
    take(coordinator.handle(.disconnected, from: 2, at: 1))
    report(3, nil)
    stop(3, agreed: StateName(step: 900, digest: 5))
    stop(1)
    stop(3, agreed: StateName(step: 900, digest: 5))
    #expect(orders[1]!.group.begun && orders[1]!.group.step == 0 && orders[1]!.group.source == 1)
  }

  // MARK: Checkpoints

  private func checkpoint(_ step: UInt64, _ tensors: [UInt64], isFinished: Bool = false) -> Coordinator.Event {
    .checkpoint(
      .with {
        ($0.job, $0.step, $0.finished) = (job, step, isFinished)
        $0.digest = StateName(step: step, tensors: tensors).digest
      })
  }

  @Test mutating func onlyAgreedStatesAreKept() throws {
    train(3)
    take(coordinator.handle(checkpoint(interval, [8]), from: 1, at: 1))
    #expect(actions.isEmpty, "no state of this step is known")
    for worker in 1...3 as ClosedRange<WorkerID> { report(worker, step: interval, [8], gradients: [1, 1, 1]) }
    take(coordinator.handle(checkpoint(interval, [7]), from: 1, at: 1))
    #expect(try #require(refusal(of: 1)).contains("not the one that the workers agreed on"))
    #expect(!actions.contains { if case .keepCheckpoint = $0 { true } else { false } })
    let agreed = StateName(step: interval, tensors: [8])
    for worker in [2, 3] as [WorkerID] { stop(worker, agreed: agreed) }
    take(coordinator.handle(checkpoint(interval, [8]), from: 2, at: 1))
    #expect(actions.contains { if case .keepCheckpoint = $0 { true } else { false } })
    #expect(orders[3]!.group.savedStep == interval)
  }

  @Test mutating func trainingEndsOnlyWithAgreedState() {
    train(3)
    take(coordinator.handle(checkpoint(1_000, [8], isFinished: true), from: 1, at: 1))
    #expect(actions.isEmpty)
  }

  // MARK: Invalid reports

  enum InvalidReport: CaseIterable {
    case comparedStep, ownStep, noComparePoint, noDigests, tooManyDigests, noGradients, agreedStep, manySteps
    case generation, skipped
  }

  @Test mutating func expulsionOfTheOnlyMemberIsReported() {
    train(1)
    report(1, .with { ($0.job, $0.generation, $0.step, $0.agreedStep) = (job, generation, interval, .max) })
    #expect(coordinator.workerCount == 0 && actions.contains(.note(.noWorkersLeft)))
  }

  @Test(arguments: InvalidReport.allCases) mutating func expelsMemberWithInvalidReport(kind: InvalidReport) throws {
    train(4)
    let (end, interval) = (UInt64.max, interval)
    report(
      4,
      .with {
        ($0.job, $0.generation, $0.step) = (job, generation, interval)
        var comparison = Comparison()
        (comparison.step, comparison.tensorDigests, comparison.gradientDigests) = (interval, [8], [1, 1, 1])
        switch kind {
        case .comparedStep: (comparison.step, comparison.finished) = (end, true)
        case .ownStep: ($0.step, comparison.step, comparison.finished) = (end, end, true)
        case .noComparePoint: comparison.step = interval - 1
        case .noDigests: comparison.tensorDigests = []
        case .tooManyDigests: comparison.tensorDigests = [UInt64](repeating: 1, count: 10_000)
        case .noGradients: comparison.gradientDigests = []
        case .agreedStep: $0.agreedStep = end
        case .manySteps, .generation, .skipped: break
        }
        $0.comparisons = kind == .skipped ? [] : [Comparison](repeating: comparison, count: kind == .manySteps ? 9 : 1)
        if kind == .generation { $0.generation = end }
      })
    #expect(try #require(refusal(of: 4)).contains("its report is invalid"))
    #expect(coordinator.workerCount == 3)
    for worker in 1...3 as ClosedRange<WorkerID> { stop(worker) }
    generation = orders[1]!.group.generation
    for worker in 1...3 as ClosedRange<WorkerID> {
      report(worker, step: self.interval, [worker == 2 ? 5 : 8], gradients: [1, 1, 1])
    }
    #expect(deviations.map(\.worker) == [2])
  }
}
