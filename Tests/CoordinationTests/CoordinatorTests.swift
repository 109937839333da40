import Coordination
import Foundation
import SwiftProtobuf
import Testing

/// Unreliable workers, chunks, and the members of a training.
struct CoordinatorTests {
  private var coordinator = Coordinator(session: 7, numerics: 3, limits: Limits())
  private var statuses: UInt64 = 0

  private mutating func status(
    of worker: WorkerID, threads: UInt32 = 1, numerics: UInt32 = 3, membership: Membership? = nil, at now: Int = 0
  ) -> [Coordinator.Action] {
    statuses += 1
    let status = WorkerStatus.with {
      $0.number = statuses
      $0.profile.host = "host\(worker)"
      $0.profile.process = UInt32(worker)
      ($0.profile.threads, $0.profile.numerics) = (threads, numerics)
      if let membership { $0.membership = membership }
    }
    return coordinator.handle(.status(status), from: worker, at: now)
  }

  private func orders(_ actions: [Coordinator.Action], to worker: WorkerID) -> Orders? {
    actions.compactMap { if case .send(let orders, worker) = $0 { orders } else { nil } }.last
  }

  private mutating func result(_ chunk: Chunk, by worker: WorkerID, job: UInt64, digest: UInt8) -> [Coordinator.Action]
  {
    let result = ChunkResult.with { ($0.job, $0.chunk, $0.digest) = (job, chunk.id, Data([digest])) }
    return coordinator.handle(.result(result), from: worker, at: 0)
  }

  // MARK: Results

  /// The second worker takes a waiting chunk of the first one, so that the job is still running when the results
  /// differ.
  @Test mutating func differentResultsOfOneChunkEndTheJob() throws {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<3])), description: [], at: 0)
    let first = try #require(orders(status(of: 1), to: 1))
    let second = try #require(orders(status(of: 2), to: 2))
    #expect(first.chunks.count == 2 && second.chunks.count == 1)
    let (own, shared) = (second.chunks[0], first.chunks[0])
    let taking = result(own, by: 2, job: first.job.id, digest: 1)
    #expect(orders(taking, to: 2)?.chunks == [first.chunks[1]] && orders(taking, to: 1)?.chunks == [shared])
    let accepted = result(shared, by: 2, job: first.job.id, digest: 5)
    #expect(accepted.contains(.keepResult(shared, job: first.job.id)))
    #expect(
      !result(shared, by: 1, job: first.job.id, digest: 5).contains(.keepResult(shared, job: first.job.id)),
      "the chunk counts once")
    let end = result(shared, by: 1, job: first.job.id, digest: 6).compactMap {
      if case .end(.failed(let reason), _) = $0 { reason } else { nil }
    }
    #expect(end.count == 1 && end[0].contains("host1") && end[0].contains("host2"), "both are named")
  }

  @Test mutating func resultOfAnotherJobIsIgnored() throws {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1])), description: [], at: 0)
    let first = try #require(orders(status(of: 1), to: 1))
    #expect(result(first.chunks[0], by: 1, job: first.job.id + 1, digest: 1).isEmpty)
    #expect(result(first.chunks[0], by: 2, job: first.job.id, digest: 1).isEmpty, "nor a result of an unknown worker")
  }

  @Test mutating func workerWithOtherNumericsVersionIsRefused() {
    let actions = status(of: 1, numerics: 4)
    guard case .refuse(1, let reason)? = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(reason.contains("numerics version") && actions.count == 1 && coordinator.workerCount == 0)
    _ = status(of: 1)
    #expect(coordinator.workerCount == 1, "the session may join with the right version")
  }

  @Test mutating func unavailableWorkersAreNotAwaited() throws {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1])), description: [], awaiting: 3, at: 0)
    #expect(orders(status(of: 1), to: 1)?.chunks.isEmpty != false)
    #expect(coordinator.awaitedWorkers?.joined == 1 && coordinator.awaitedWorkers?.wanted == 3)
    #expect(coordinator.awaitAtMost(2, at: 1).isEmpty, "one more worker may join")
    let begun = coordinator.awaitAtMost(1, at: 2)
    #expect(orders(begun, to: 1)?.chunks.count == 1 && coordinator.awaitedWorkers == nil)
  }

  // MARK: Chunks

  @Test mutating func crashedChunkIsSplitIntoTasks() throws {
    var limits = Limits()
    limits.maxFailures = 1
    coordinator = Coordinator(session: 7, numerics: 3, limits: limits)
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<40])), description: [], at: 0)
    let first = try #require(orders(status(of: 1, threads: 4), to: 1))
    #expect(first.chunks[0].first == 0 && first.chunks[0].count == 4)
    #expect(!coordinator.handle(.disconnected, from: 1, at: 0).contains { $0.isQuarantined })
    // The chunk's tasks are tried one by one.
    let second = try #require(orders(status(of: 2, threads: 4), to: 2))
    let singles = second.chunks.filter { $0.first < 4 }
    #expect(singles.map(\.count) == [1])
    #expect(!coordinator.handle(.disconnected, from: 2, at: 0).contains { $0.isQuarantined })
  }

  /// If the first tasks end at once and a later one takes long, the chunk of the long task must be small.
  @Test mutating func chunksOfUnevenTasksGrowSlowly() throws {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1_000], isUneven: true)), description: [], at: 0)
    var latest = try #require(orders(status(of: 1), to: 1))
    var counts: [UInt64] = latest.chunks.map(\.count)
    for _ in 0..<4 {
      latest = try #require(orders(result(latest.chunks[0], by: 1, job: latest.job.id, digest: 1), to: 1))
      counts.append(try #require(latest.chunks.last).count)
    }
    #expect(counts == [1, 1, 2, 4, 8, 16])
    let slow = ChunkResult.with {
      ($0.job, $0.chunk, $0.digest, $0.milliseconds) = (latest.job.id, latest.chunks[0].id, Data([1]), 80_000)
    }
    latest = try #require(orders(coordinator.handle(.result(slow), from: 1, at: 0), to: 1))
    #expect(latest.chunks.last?.count == 1)
  }

  @Test mutating func reorderingAffectsTasksThatAreNotHandedOut() throws {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<6], isUneven: true)), description: [], at: 0)
    var latest = try #require(orders(status(of: 1), to: 1))
    #expect(latest.chunks.map(\.first) == [0, 1])
    coordinator.reorder([5, 0, 1, 3])
    var rest: [Range<UInt64>] = []
    while let chunk = latest.chunks.first {
      let slow = ChunkResult.with {
        ($0.job, $0.chunk, $0.digest, $0.milliseconds) = (latest.job.id, chunk.id, Data([1]), 80_000)
      }
      let actions = coordinator.handle(.result(slow), from: 1, at: 0)
      latest = try #require(orders(actions, to: 1))
      if chunk.first > 1 { rest.append(chunk.first..<chunk.first + chunk.count) }
    }
    #expect(rest == [5..<6, 3..<4, 2..<3, 4..<5])
  }

  // MARK: Training

  private func membership(
    _ job: UInt64, generation: UInt64, step: UInt64 = 0, stopped: Bool = true
  ) -> Membership {
    Membership.with {
      ($0.job, $0.generation, $0.step, $0.stopped) = (job, generation, step, stopped)
    }
  }

  /// The report of a member that has waited for longer than the worker timeout.
  private func waiting(for other: WorkerID, in group: (job: UInt64, generation: UInt64)) -> Membership {
    var own = membership(group.job, generation: group.generation, step: 9, stopped: false)
    (own.waitingFor, own.waitingMilliseconds) = (other, 11_000)
    return own
  }

  /// Starts a training with three members, and returns the job and the generation.
  private mutating func train(threads: [UInt32] = [1, 1, 1]) throws -> (job: UInt64, generation: UInt64) {
    _ = coordinator.start(.training(TrainingGroup(savedStep: 0)), description: [], at: 0)
    var job: UInt64 = 0
    var group = Group()
    for (index, threads) in threads.enumerated() {
      let worker = WorkerID(index + 1)
      job = try #require(orders(status(of: worker, threads: threads), to: worker)).job.id
      let own = membership(job, generation: 0)
      group = try #require(orders(status(of: worker, threads: threads, membership: own), to: worker)).group
    }
    for worker in 1...WorkerID(threads.count) {
      let stopped = membership(job, generation: group.generation)
      group = orders(status(of: worker, membership: stopped), to: worker)?.group ?? group
    }
    #expect(group.begun && group.members.count == threads.count)
    return (job, group.generation)
  }

  /// The states of a worker that trains alone cannot be compared.
  @Test(arguments: [true, false]) mutating func trainingBeginsWithAllAwaitedWorkers(isLastOneLost: Bool) throws {
    let group = TrainingGroup(savedStep: 0)
    _ = coordinator.start(.training(group), description: [], awaiting: 3, at: 0)
    let job = coordinator.lastJob
    for worker in WorkerID(1)...3 { _ = status(of: worker) }
    for worker in WorkerID(1)...2 {
      let actions = status(of: worker, membership: membership(job, generation: 0))
      #expect(orders(actions, to: worker)?.hasGroup != true, "worker 3 is not ready")
    }
    let last =
      isLastOneLost
      ? coordinator.handle(.disconnected, from: 3, at: 0) : status(of: 3, membership: membership(job, generation: 0))
    let members: [WorkerID] = isLastOneLost ? [1, 2] : [1, 2, 3]
    for worker in members {
      #expect(orders(last, to: worker)?.group.generation == 1)
      _ = status(of: worker, membership: membership(job, generation: 1))
    }
    let begun = try #require(orders(coordinator.tick(at: 2000), to: 1)).group
    #expect(begun.begun && begun.members.map(\.worker) == members)
  }

  /// A state of a single member is not compared with that of the next one.
  @Test mutating func stateOfLoneWorkerDoesNotBindTheNext() throws {
    _ = coordinator.start(.training(TrainingGroup(savedStep: 0)), description: [], at: 0)
    let job = coordinator.lastJob
    for worker in WorkerID(1)...2 {
      var own = membership(job, generation: 0)
      own.agreedDigest = UInt64(worker)
      let actions = status(of: worker, membership: own)
      own.generation = try #require(orders(actions, to: worker)).group.generation
      let begun = try #require(orders(status(of: worker, membership: own), to: worker)).group
      #expect(begun.begun && begun.digest == UInt64(worker))
      _ = coordinator.handle(.disconnected, from: worker, at: 0)
    }
  }

  /// No message passes between two members: the one with fewer threads is excluded.
  @Test mutating func cutLinkExcludesOneMember() throws {
    let group = try train(threads: [4, 1, 4])
    #expect(!status(of: 1, threads: 4, membership: waiting(for: 2, in: group)).contains { $0.isLoss })
    let actions = status(of: 2, membership: waiting(for: 1, in: group))
    #expect(actions.contains { if case .note(.lost(2, .excluded)) = $0 { true } else { false } })
    #expect(orders(actions, to: 1)?.group.generation == group.generation + 1)
  }

  /// The first member waits for the second, and the second and third wait for each other: the first is not excluded.
  @Test mutating func indirectlyWaitingMemberIsKept() throws {
    let group = try train(threads: [1, 4, 4])
    var actions = status(of: 2, threads: 4, membership: waiting(for: 3, in: group))
    actions += status(of: 1, membership: waiting(for: 2, in: group))
    #expect(!actions.contains { $0.isLoss })
    #expect(status(of: 3, threads: 4, membership: waiting(for: 2, in: group)).contains { $0.isLoss })
  }

  /// The messages of the first member are invalid.
  @Test mutating func memberThatAllWaitForIsExcluded() throws {
    let group = try train(threads: [4, 4, 4])
    var actions = status(of: 2, threads: 4, membership: waiting(for: 1, in: group))
    actions += status(of: 3, threads: 4, membership: waiting(for: 1, in: group))
    #expect(!actions.contains { $0.isLoss })
    actions = status(of: 1, threads: 4, membership: waiting(for: 2, in: group))
    #expect(actions.contains { if case .note(.lost(1, .excluded)) = $0 { true } else { false } })
  }

  /// A worker that was excluded because of a cut link trains alone if no other worker is left.
  @Test mutating func lastWorkerNeedsNoLinks() throws {
    let group = try train(threads: [4, 1])
    _ = status(of: 1, threads: 4, membership: waiting(for: 2, in: group))
    #expect(status(of: 2, membership: waiting(for: 1, in: group)).contains { $0.isLoss })
    #expect(orders(coordinator.handle(.disconnected, from: 1, at: 1), to: 2)?.job.id == group.job)
  }

  /// Three links are cut in one direction, so that each member waits for the next one.
  @Test mutating func ringOfCutLinksExcludesOneMember() throws {
    let group = try train(threads: [4, 4, 1])
    var actions = status(of: 1, threads: 4, membership: waiting(for: 2, in: group))
    actions += status(of: 2, threads: 4, membership: waiting(for: 3, in: group))
    #expect(!actions.contains { $0.isLoss })
    actions = status(of: 3, membership: waiting(for: 1, in: group))
    #expect(actions.contains { if case .note(.lost(3, .excluded)) = $0 { true } else { false } })
    #expect(orders(actions, to: 1)?.group.generation == group.generation + 1)
  }

  /// A slow member is not excluded, because it does not wait for others itself.
  @Test mutating func slowMemberIsKept() throws {
    let (job, generation) = try train()
    var own = membership(job, generation: generation, step: 9, stopped: false)
    (own.waitingFor, own.waitingMilliseconds) = (2, 60_000)
    #expect(!status(of: 1, membership: own).contains { $0.isLoss })
  }

  /// A process that has lost its state but keeps its session has not stopped for the current generation.
  @Test mutating func restartedMemberStartsNewGeneration() throws {
    let (job, generation) = try train()
    let actions = status(of: 2, membership: membership(job, generation: 0))
    #expect(orders(actions, to: 1)?.group.generation == generation + 1)
    #expect(orders(actions, to: 1)?.group.begun == false)
  }
}

extension Coordinator.Action {
  fileprivate var isOrders: Bool { if case .send = self { true } else { false } }
  fileprivate var isQuarantined: Bool { if case .note(.quarantined) = self { true } else { false } }
  fileprivate var isLoss: Bool { if case .note(.lost) = self { true } else { false } }
}
