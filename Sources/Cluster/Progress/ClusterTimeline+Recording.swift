package import Coordination
package import Progress

/// Recording of the coordinator's values.
extension ClusterTimeline {
  package mutating func join(_ worker: WorkerID, _ profile: Profile) {
    join(
      worker, host: profile.host, process: Int(profile.process), threads: Int(profile.threads),
      instructionSet: profile.instructionSet)
  }

  /// Records that a worker has completed a chunk, and its time.
  package mutating func note(
    _ chunk: Chunk, of unit: String, by worker: WorkerID, seconds: Double, byteCount: Int, at now: Double
  ) {
    let last = chunk.first + chunk.count - 1
    let label = chunk.count == 1 ? "\(unit) \(chunk.first)" : "\(unit) \(chunk.first) to \(last)"
    noteTasks(label, by: worker, seconds: seconds, byteCount: byteCount, at: now)
  }

  /// Records the state of the members of a training group; called periodically.
  /// - Parameter numbers: The numbers of team fits, by job.
  mutating func note(_ overview: [Coordinator.WorkerOverview], numbers: [UInt64: Int] = [:], at now: Double) {
    for worker in overview {
      guard let membership = worker.membership, membership.progress.images > 0 else { continue }
      noteTraining(
        numbers[membership.job].map { "training number \($0)" } ?? "training", by: worker.id, job: membership.job,
        waited: membership.waitedMilliseconds, bytes: membership.bytesSent, at: now)
    }
  }
}
