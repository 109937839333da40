import Coordination
import SwiftProtobuf
import Testing

/// Cutting the tasks of a job into chunks, and the chunks of lost workers.
struct TaskPoolTests {
  private var coordinator = Coordinator(session: 1, numerics: 1, limits: Limits())
  private var statuses: UInt64 = 0

  private var now = 0

  private mutating func join(_ worker: WorkerID, threads: UInt32) -> [Coordinator.Action] {
    statuses += 1
    let status = WorkerStatus.with {
      ($0.number, $0.profile.threads, $0.profile.numerics) = (statuses, threads, 1)
      // The worker has received all orders so far.
      ($0.coordinator, $0.orders) = (1, 1_000)
    }
    return coordinator.handle(.status(status), from: worker, at: now)
  }

  private func orders(_ actions: [Coordinator.Action], to worker: WorkerID) -> Orders {
    actions.compactMap { if case .send(let orders, worker) = $0 { orders } else { nil } }.last ?? Orders()
  }

  /// Closes the connection of a worker.
  /// - Returns: The first task of each chunk that is quarantined.
  private mutating func crash(_ worker: WorkerID, after time: Milliseconds = 1_000) -> [UInt64] {
    now += time
    return coordinator.handle(.disconnected, from: worker, at: now).compactMap {
      if case .note(.quarantined(let chunk, _, _)) = $0 { chunk.first } else { nil }
    }
  }

  private mutating func complete(_ chunk: Chunk, by worker: WorkerID, job: UInt64, milliseconds: UInt32) -> Orders {
    let result = ChunkResult.with { ($0.job, $0.chunk, $0.milliseconds) = (job, chunk.id, milliseconds) }
    return orders(coordinator.handle(.result(result), from: worker, at: now), to: worker)
  }

  /// The length of a task is unknown before one is done.
  @Test mutating func firstChunksHaveOneTaskPerThread() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<3_000])), description: [], at: 0)
    #expect(orders(join(1, threads: 2), to: 1).chunks.map(\.count) == [2, 2])
    let second = orders(join(2, threads: 3), to: 2)
    #expect(second.chunks.map(\.count) == [3, 3])
    // 10 ms per task: 100 tasks in a second, rounded down to a multiple of the threads.
    let next = complete(second.chunks[0], by: 2, job: second.job.id, milliseconds: 30)
    #expect(next.chunks.map(\.count) == [3, 99])
  }

  @Test mutating func chunkSizeIsLimited() {
    let pool = TaskPool(tasks: [0..<10], largestChunk: 1)
    _ = coordinator.start(.tasks(pool), description: [], at: 0)
    var orders = orders(join(1, threads: 4), to: 1)
    var done: [UInt64] = []
    while let chunk = orders.chunks.first {
      #expect(orders.chunks.allSatisfy { $0.count == 1 })
      done.append(chunk.first)
      orders = complete(chunk, by: 1, job: orders.job.id, milliseconds: 0)
    }
    #expect(done == Array(0..<10))
  }

  /// The results of tasks determine the next tasks.
  @Test mutating func growingJobEndsAfterItStopsGrowing() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [], isUneven: true, canGrow: true)), description: [], at: 0)
    #expect(orders(join(1, threads: 1), to: 1).chunks.isEmpty && coordinator.needsMoreTasks && coordinator.isIdle)
    let first = orders(coordinator.add(0..<1, file: [7], at: 0), to: 1)
    #expect(first.chunks.map { [UInt8]($0.file) } == [[7]] && coordinator.needsMoreTasks && !coordinator.isIdle)
    // The second worker helps with the first chunk, but only until there are more tasks.
    #expect(orders(join(2, threads: 1), to: 2).chunks == first.chunks)
    let added = coordinator.add(1..<3, file: [8], at: 0)
    let all = [1, 2].map { orders(added, to: $0).chunks.map(\.first) }
    #expect(all.flatMap { $0 }.sorted() == [0, 1, 2] && all[0].first == 0, "\(all)")
    coordinator.reorder([2, 1])
    for chunk in [1, 2].flatMap({ orders(added, to: $0).chunks }) {
      #expect([UInt8](chunk.file) == (chunk.first == 0 ? [7] : [8]))
      _ = complete(chunk, by: 1, job: first.job.id, milliseconds: 1)
    }
    #expect(coordinator.isIdle && coordinator.needsMoreTasks)
    #expect(coordinator.stopGrowing(at: 0).contains(.end(.done(quarantined: []), job: first.job.id)))
  }

  private mutating func refuse(_ chunk: Chunk, by worker: WorkerID, job: UInt64) -> [Coordinator.Action] {
    let result = ChunkResult.with {
      ($0.job, $0.chunk) = (job, chunk.id)
      $0.error = .with { ($0.reason, $0.insufficientMemory) = ("worker \(worker) has too little memory", true) }
    }
    return coordinator.handle(.result(result), from: worker, at: now)
  }

  private func isQuarantined(_ actions: [Coordinator.Action]) -> Bool {
    actions.contains { if case .note(.quarantined) = $0 { true } else { false } }
  }

  @Test mutating func workerWithEnoughMemoryComputesRefusedTask() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1])), description: [], awaiting: 2, at: 0)
    _ = join(1, threads: 1)
    let joined = join(2, threads: 1)
    let (first, second) = (orders(joined, to: 1), orders(joined, to: 2))
    #expect(first.chunks.count == 1 && second.chunks == first.chunks, "the second worker helps")
    let actions = refuse(first.chunks[0], by: 1, job: first.job.id)
    #expect(!isQuarantined(actions) && orders(actions, to: 1).chunks.isEmpty)
    _ = crash(2)
    now += 2_000
    #expect(orders(join(1, threads: 1), to: 1).chunks.isEmpty, "the worker has refused the task")
    let third = orders(join(3, threads: 1), to: 3)
    #expect(third.chunks == first.chunks)
    let result = ChunkResult.with { ($0.job, $0.chunk) = (third.job.id, first.chunks[0].id) }
    #expect(
      coordinator.handle(.result(result), from: 3, at: now).contains(.end(.done(quarantined: []), job: third.job.id)))
  }

  @Test mutating func taskThatAllWorkersRefuseIsQuarantined() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<2], largestChunk: 1)), description: [], awaiting: 2, at: 0)
    _ = join(1, threads: 1)
    let joined = join(2, threads: 1)
    let (first, second) = (orders(joined, to: 1), orders(joined, to: 2))
    #expect(first.chunks.first != second.chunks.first)
    #expect(!isQuarantined(refuse(first.chunks[0], by: 1, job: first.job.id)))
    let next = complete(second.chunks[0], by: 2, job: second.job.id, milliseconds: 1)
    #expect(next.chunks.first == first.chunks.first)
    #expect(!isQuarantined(refuse(first.chunks[0], by: 2, job: next.job.id)), "the search may add other tasks first")
    now += 1_001
    #expect(isQuarantined(coordinator.tick(at: now)))
  }

  /// A worker with more memory may join while others compute the rest.
  @Test mutating func refusedTaskWaitsForTheOtherTasks() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<3], largestChunk: 1)), description: [], at: 0)
    let first = orders(join(1, threads: 1), to: 1)
    _ = refuse(first.chunks[0], by: 1, job: first.job.id)
    now += 20_000
    _ = join(1, threads: 1)
    #expect(!isQuarantined(coordinator.tick(at: now)))
    #expect(orders(join(2, threads: 1), to: 2).chunks.first == first.chunks[0])
  }

  /// A refused task does not hide that the next one crashes the worker.
  @Test mutating func crashAfterRefusedTaskCounts() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<2], largestChunk: 1)), description: [], at: 0)
    let first = orders(join(1, threads: 1), to: 1)
    #expect(first.chunks.map(\.first) == [0, 1])
    let next = orders(refuse(first.chunks[0], by: 1, job: first.job.id), to: 1)
    #expect(next.chunks.map(\.first) == [1])
    _ = crash(1)
    now += 2_000
    #expect(orders(join(2, threads: 1), to: 2).chunks.map(\.first) == [0], "task 1 is suspect, and is computed alone")
  }

  /// Otherwise the task would wait for another worker forever.
  @Test mutating func refusedTaskIsQuarantinedIfNoOtherWorkerReturns() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1])), description: [], awaiting: 2, at: 0)
    _ = join(1, threads: 1)
    let first = orders(join(2, threads: 1), to: 1)
    #expect(!isQuarantined(refuse(first.chunks[0], by: 1, job: first.job.id)), "the second worker computes the task")
    #expect(crash(2, after: 10).isEmpty, "the second worker may return")
    var quarantineTime: Milliseconds?
    for time in stride(from: now, through: 30_000, by: 250) where quarantineTime == nil {
      now = time
      _ = join(1, threads: 1)
      if isQuarantined(coordinator.tick(at: now)) { quarantineTime = now }
    }
    #expect(quarantineTime.map { 10_000...12_000 ~= $0 } == true, "\(String(describing: quarantineTime))")
  }

  /// Most of the tasks of a chunk may need less memory than the one that is refused.
  @Test mutating func refusedChunkIsSplit() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<4])), description: [], at: 0)
    let first = orders(join(1, threads: 4), to: 1)
    #expect(first.chunks.map(\.count) == [4])
    let actions = refuse(first.chunks[0], by: 1, job: first.job.id)
    #expect(!isQuarantined(actions) && orders(actions, to: 1).chunks.map(\.first) == [0, 1])
  }

  /// Of two short tasks, the second may crash the worker before the result of the first arrives. Computed alone, the
  /// first is done.
  @Test mutating func suspectChunkIsComputedAlone() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<3], largestChunk: 1)), description: [], at: 0)
    let first = orders(join(1, threads: 1), to: 1)
    #expect(first.chunks.map(\.first) == [0, 1])
    #expect(crash(1).isEmpty)
    now += 1_000
    #expect(orders(join(2, threads: 1), to: 2).chunks.map(\.first) == [0])
    #expect(complete(first.chunks[0], by: 2, job: first.job.id, milliseconds: 1).chunks.map(\.first) == [1, 2])
  }

  /// A worker computes a quarantined task until it receives the new orders. If it crashes before, its new tasks are not
  /// the cause.
  @Test mutating func crashCountsAgainstTheChunkInProgress() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [], isUneven: true, canGrow: true)), description: [], at: 0)
    _ = coordinator.add(0..<1, file: [7], at: 0)
    let first = orders(join(3, threads: 1), to: 3)
    #expect(orders(join(4, threads: 1), to: 4).chunks == first.chunks)
    let error = ChunkResult.with {
      ($0.job, $0.chunk, $0.error.reason) = (first.job.id, first.chunks[0].id, "it fails")
    }
    _ = coordinator.handle(.result(error), from: 3, at: now)
    _ = crash(3)
    let added = coordinator.add(1..<4, file: [7], at: now)
    #expect(orders(added, to: 4).chunks.map(\.first) == [1, 2])
    _ = crash(4)
    now += 1_000
    #expect(orders(join(5, threads: 1), to: 5).chunks.map(\.first) == [1, 2], "the first task may have crashed it")
    _ = crash(5)
    now += 1_000
    #expect(orders(join(6, threads: 1), to: 6).chunks.map(\.first) == [1], "the failure counts against task 1")
  }

  /// A host with five workers fails while all wait for the last task. The task must not pass from one lost worker to
  /// the next.
  @Test mutating func failureOfManyWorkersDoesNotCountAgainstATask() {
    _ = coordinator.start(.tasks(TaskPool(tasks: [0..<1])), description: [], at: 0)
    for worker: WorkerID in 1...5 { _ = join(worker, threads: 1) }
    for worker: WorkerID in 1...5 { #expect(crash(worker, after: 1).isEmpty) }
    now += 400
    #expect(orders(join(6, threads: 1), to: 6).chunks.isEmpty, "the worker may be on the failed host")
    now += 101
    #expect(orders(join(6, threads: 1), to: 6).chunks.map(\.first) == [0])
    #expect(crash(6).isEmpty)
  }
}
