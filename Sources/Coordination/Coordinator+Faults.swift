internal import SwiftProtobuf

/// Results and checkpoints with invalid bytes.
extension Coordinator {
  /// The number of invalid results and checkpoints after which a worker is expelled: its host is probably faulty.
  private static let maxFaults = 3

  /// Returns the chunk of a result, if the result's bytes are still needed.
  package func openChunk(of result: ChunkResult, from id: WorkerID) -> Chunk? {
    guard workers[id] != nil, !result.hasError, let index = index(ofJob: result.job) else { return nil }
    return assignments[index].pool?.chunk(result.chunk)
  }

  /// Returns whether the bytes of a checkpoint are needed.
  package func wants(_ checkpoint: Checkpoint, from id: WorkerID) -> Bool {
    guard workers[id] != nil, let index = index(ofJob: checkpoint.job), let group = assignments[index].group,
      group.members.contains(id)
    else { return false }
    return checkpoint.step > group.savedStep || checkpoint.finished || group.isPauseRequested
  }

  /// Rejects a result with invalid bytes. The chunk is given to another worker, or again to the same one if there is no
  /// other.
  package mutating func reject(_ result: ChunkResult, from id: WorkerID, reason: String, at now: Milliseconds)
    -> [Action]
  {
    react(at: now) {
      guard let chunk = $0.openChunk(of: result, from: id), let index = $0.index(ofJob: result.job) else { return }
      let others = Set($0.assignments[index].workers.keys)
      if others.count > 1 { $0.assignments[index].pool?.takeBack(chunk.id, from: id, among: others) }
      $0.noteFault(of: id, reason)
      // The other workers come first, so that one of them gets the chunk.
      for other in $0.workers.keys.sorted() where other != id { $0.instruct(other) }
      $0.instruct(id)
    }
  }

  /// Rejects a checkpoint with invalid bytes. The worker sends it again, because no orders acknowledge it.
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
    let explanation = """
      \(Self.maxFaults) of its results were invalid, the last one because \(reason): its host has bad memory, or it \
      runs another build of Atelier
      """
    expelled[id] = explanation
    actions.append(.note(.lost(id, .excluded(reason: explanation))))
    actions.append(.refuse(id, reason: explanation))
    workers[id] = nil
    withdraw(id)
    readmitExcluded()
    noteIfNoWorkersLeft()
  }
}
