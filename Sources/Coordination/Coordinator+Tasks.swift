internal import Foundation
internal import SwiftProtobuf

/// Jobs of independent tasks.
extension Coordinator {
  mutating func handle(_ result: ChunkResult, from id: WorkerID) {
    guard workers[id] != nil, let index = index(ofJob: result.job), assignments[index].pool != nil else { return }
    if result.hasError { return handleError(result, from: id, at: index) }
    let chunk = assignments[index].pool!.chunk(result.chunk)
    let (outcome, holders) = assignments[index].pool!.complete(
      result.chunk, by: id, digest: [UInt8](result.digest), &statistics)
    switch outcome {
    case .accepted:
      if let chunk {
        actions.append(.keepResult(chunk, job: result.job))
        workers[id]!.tasksDone = 0
        workers[id]!.hasCompleted = true
        workers[id]!.millisecondsPerTask = Double(max(1, result.milliseconds)) / Double(chunk.count)
        workers[id]!.millisecondsPerChunk = Int(result.milliseconds)
      }
      for holder in holders.union([id]).sorted() { instruct(holder) }
      endIfFinished(result.job)
    case .known: break
    case .differs(let other):
      actions.append(.note(.resultsDiffer(chunk: result.chunk, between: other, and: id)))
      let reason = "two workers computed different results for the same tasks: \(name(other)) and \(name(id))"
      end(index, .failed(reason: reason + "; one of them has bad memory or runs another build of Atelier"))
    }
  }

  private mutating func handleError(_ result: ChunkResult, from id: WorkerID, at index: Int) {
    guard let chunk = assignments[index].pool!.chunks(of: id).first(where: { $0.id == result.chunk }) else { return }
    if result.error.insufficientMemory {
      // Of several tasks, only one may need too much memory; they are tried one by one.
      if chunk.count == 1 { actions.append(.note(.refused(chunk, by: id, reason: result.error.reason))) }
      assignments[index].pool!.refuse(result.chunk, by: id, reason: result.error.reason, at: now)
    } else if assignments[index].pool!.quarantine(result.chunk, reportedBy: id) != nil {
      // Tasks are deterministic: a task that fails on one worker fails on all.
      actions.append(.note(.quarantined(chunk, job: result.job, reason: result.error.reason)))
    }
    instructAll(of: index)
    endIfFinished(result.job)
  }

  /// Quarantines the chunks for which no worker has enough memory.
  mutating func quarantineRefused(of index: Int) {
    let workers = responsiveWorkers.filter { assignments[index].excluded[$0] == nil }.sorted()
    let quarantined = assignments[index].pool?.quarantineRefused(
      byAllOf: workers, and: Array(lostWorkers.keys), before: now - limits.heartbeat)
    for (chunk, reason) in quarantined ?? [] {
      actions.append(.note(.quarantined(chunk, job: assignments[index].job.id, reason: reason)))
    }
  }

  /// Gives the worker chunks until its queue is full.
  /// - Returns: All chunks in the queue.
  mutating func fillQueue(of worker: WorkerRecord, _ id: WorkerID, at index: Int) -> [Chunk] {
    let fraction = worker.power / max(1, assignments[index].power)
    let maxCount = worker.millisecondsPerTask.map { Int(Double(limits.chunkTarget) / $0) }
    let proof = Proof(
      time: now - worker.joinTime, hasCompleted: worker.hasCompleted, minimumTime: limits.workerTimeout)
    let wanted = queueLength(of: worker, isUneven: assignments[index].pool!.isUneven)
    while assignments[index].pool!.chunks(of: id).count < wanted,
      let allocation = assignments[index].pool!.allocate(
        to: id, fraction: fraction, multiple: Int(max(1, worker.profile.threads)), atMost: maxCount,
        proof: proof, at: now)
    {
      if case .moved(let other) = allocation { instruct(other) }
    }
    return assignments[index].pool!.chunks(of: id)
  }

  /// Returns the number of chunks to keep in the worker's queue.
  ///
  /// Short chunks need a longer queue, so that the worker stays busy during the round trip of a message. Tasks of
  /// uneven length do not get one: the next task may be long.
  private func queueLength(of worker: WorkerRecord, isUneven: Bool) -> Int {
    guard !isUneven, let time = worker.millisecondsPerChunk else { return limits.queueLength }
    return max(limits.queueLength, limits.minimumQueueTime / max(1, time))
  }
}
