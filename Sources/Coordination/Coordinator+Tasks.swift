internal import Foundation
internal import SwiftProtobuf

/// Jobs of independent tasks.
extension Coordinator {
  mutating func handle(_ result: ChunkResult, from id: WorkerID) {
    guard workers[id] != nil, let index = index(ofJob: result.job), assignments[index].pool != nil else { return }
    let chunk = assignments[index].pool!.chunk(result.chunk)
    if !result.failure.isEmpty {
      // Deterministic work fails everywhere alike.
      guard assignments[index].pool!.chunks(of: id).contains(where: { $0.id == result.chunk }),
        let chunk = assignments[index].pool!.quarantine(result.chunk)
      else { return }
      actions.append(.note(.quarantined(chunk, job: result.job, reason: result.failure)))
      instructAll(of: index)
      return endIfFinished(result.job)
    }
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
      let reason = "two workers have computed different results for the same work: \(name(other)) and \(name(id))"
      end(index, .failed(reason: reason + "; one of them has bad memory or another build of Atelier"))
    }
  }

  /// Gives the worker chunks until it has enough.
  /// - Returns: all that it has
  mutating func fillQueue(of worker: WorkerRecord, _ id: WorkerID, at index: Int) -> [Chunk] {
    let share = worker.power / max(1, assignments[index].power)
    let longest = worker.millisecondsPerTask.map { Int(Double(limits.chunkTarget) / $0) }
    let proof = Proof(
      time: now - worker.joined, hasCompleted: worker.hasCompleted, least: limits.workerTimeout)
    let wanted = queueLength(of: worker, isUneven: assignments[index].pool!.isUneven)
    while assignments[index].pool!.chunks(of: id).count < wanted,
      let gift = assignments[index].pool!.give(
        to: id, share: share, multiple: Int(max(1, worker.profile.threads)), atMost: longest,
        proof: proof, at: now)
    {
      if case .taken(let other) = gift { instruct(other) }
    }
    return assignments[index].pool!.chunks(of: id)
  }

  /// More of short ones, so that a worker is busy while word goes to and fro; but not where the next may be long for all that is known.
  private func queueLength(of worker: WorkerRecord, isUneven: Bool) -> Int {
    guard !isUneven, let time = worker.millisecondsPerChunk else { return limits.queueLength }
    return max(limits.queueLength, limits.minimumQueueTime / max(1, time))
  }
}
