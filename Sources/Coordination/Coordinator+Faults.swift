internal import SwiftProtobuf

/// Results and checkpoints whose bytes are of no use.
extension Coordinator {
  /// As often as a worker may send such: the third time, its host is taken to be faulty.
  private static let maxFaults = 3

  /// The chunk that a result is about, if its bytes are still needed.
  package func openChunk(of result: ChunkResult, from id: WorkerID) -> Chunk? {
    guard workers[id] != nil, result.failure.isEmpty, let index = index(ofJob: result.job) else { return nil }
    return assignments[index].pool?.chunk(result.chunk)
  }

  /// Whether the bytes of a checkpoint are needed.
  package func wants(_ checkpoint: Checkpoint, from id: WorkerID) -> Bool {
    guard workers[id] != nil, let index = index(ofJob: checkpoint.job), let group = assignments[index].group,
      group.members.contains(id)
    else { return false }
    return checkpoint.step > group.savedStep || checkpoint.finished || group.isPaused
  }

  /// The result's bytes are not what they must be: the chunk goes to another worker, or comes again from this one if there is no other.
  package mutating func reject(_ result: ChunkResult, from id: WorkerID, reason: String, at now: Milliseconds)
    -> [Action]
  {
    react(at: now) {
      guard let chunk = $0.openChunk(of: result, from: id), let index = $0.index(ofJob: result.job) else { return }
      let others = Set($0.assignments[index].workers.keys)
      if others.count > 1 { $0.assignments[index].pool?.takeBack(chunk.id, from: id, among: others) }
      $0.noteFault(of: id, reason)
      // Those who have done nothing wrong are served first.
      for other in $0.workers.keys.sorted() where other != id { $0.instruct(other) }
      $0.instruct(id)
    }
  }

  /// The checkpoint's bytes are not what they must be. It counts for nothing, so it comes again.
  package mutating func reject(
    _ checkpoint: Checkpoint, from id: WorkerID, reason: String, at now: Milliseconds
  ) -> [Action] {
    react(at: now) { if $0.wants(checkpoint, from: id) { $0.noteFault(of: id, reason) } }
  }

  private mutating func noteFault(of id: WorkerID, _ reason: String) {
    guard workers[id] != nil else { return }
    faults[id, default: 0] += 1
    actions.append(.note(.unusable(id, reason: reason)))
    guard faults[id]! >= Self.maxFaults else { return }
    let verdict =
      "\(Self.maxFaults) of its results could not be used, the last one because \(reason): bad memory on its host, or another build"
    refused[id] = verdict
    actions.append(.note(.lost(id, .excluded(reason: verdict))))
    actions.append(.refuse(id, reason: verdict))
    workers[id] = nil
    withdraw(id)
    readmitExcluded()
    if workers.isEmpty, !assignments.isEmpty { actions.append(.note(.noWorkersLeft)) }
  }
}
