package import Coordination
package import Models

/// The progress of a job and the activity of each worker.
package struct ClusterProgress: Sendable {
  /// One worker's line in the progress display.
  package struct WorkerLine: Sendable, Equatable, Encodable {
    package let host: String
    package let process: Int
    package let threads: Int
    package let instructionSet: String
    /// For instance `trees 120 to 139`, `64 of 128 images of each batch`, `idle`.
    package let activity: String
    /// Tasks or images per second.
    package let rate: Double
    /// The worker's fraction of the completed tasks, or of each batch.
    package let fraction: Double
    /// Milliseconds since its last message.
    package let lastSeen: Int
    /// The tasks that it works on now.
    package var tasks: Range<Int>?
    /// The unit of the rate, if it differs from the job's.
    package var unit: String?

    private enum CodingKeys: String, CodingKey {
      case host, process, threads, instructionSet, activity, rate
      case fraction = "share"
      case lastSeen
      case tasks = "units"
      case unit
    }
  }

  package var fit: FitProgress
  package var workers: [WorkerLine]
  /// The message about missing workers; nil if the job does not wait for any.
  package var waiting: String?

  package init(fit: FitProgress, workers: [WorkerLine], waiting: String? = nil) {
    (self.fit, self.workers, self.waiting) = (fit, workers, waiting)
  }
}

/// Measures the rates at which workers complete tasks and steps.
package struct WorkerRates {
  private var tasks: [WorkerID: Int] = [:]
  private var steps: [WorkerID: (job: UInt64, first: UInt64, since: Milliseconds)] = [:]
  private let start: Milliseconds

  package init(at now: Milliseconds) { start = now }

  package mutating func note(_ chunk: Chunk, by worker: WorkerID) { tasks[worker, default: 0] += Int(chunk.count) }

  /// - Parameter numbers: The numbers of team fits, by job.
  package mutating func lines(
    _ overview: [Coordinator.WorkerOverview], unit: FitProgress.Unit, numbers: [UInt64: Int] = [:], at now: Milliseconds
  ) -> [ClusterProgress.WorkerLine] {
    let all = max(1, tasks.values.reduce(0, +) + overview.reduce(0) { $0 + $1.tasksDone })
    var lines: [ClusterProgress.WorkerLine] = []
    // The images of a batch that the members of each job have together.
    let images = Dictionary(grouping: overview, by: \.job).mapValues { members in
      max(1, members.reduce(0) { $0 + Int($1.membership?.progress.images ?? 0) })
    }
    for worker in overview {
      let seconds = Double(max(1, now - start)) / 1000
      var activity = worker.exclusionReason ?? "idle"
      var (rate, fraction) = (0.0, 0.0)
      let number = worker.job.flatMap { numbers[$0] }
      if let membership = worker.membership {
        let own = Int(membership.progress.images)
        var known = steps[worker.id] ?? (membership.job, membership.step, now)
        if known.job != membership.job { known = (membership.job, membership.step, now) }
        steps[worker.id] = known
        let since = Double(max(1, now - known.since)) / 1000
        rate = Double(membership.step - min(known.first, membership.step)) * Double(own) / since
        fraction = Double(own) / Double(images[worker.job] ?? 1)
        activity = "\(own) images of each batch"
        if membership.waitingMilliseconds >= 1_000 { activity += ", waiting for another worker" }
      } else if number != nil {
        activity = worker.chunks.isEmpty ? "preparing" : "evaluating"
      } else {
        let done = (tasks[worker.id] ?? 0) + worker.tasksDone
        rate = Double(done) / seconds
        fraction = Double(done) / Double(all)
        if let chunk = worker.chunks.first {
          activity =
            chunk.count == 1
            ? "number \(chunk.first)" : "\(unit.rawValue) \(chunk.first) to \(chunk.first + chunk.count - 1)"
        }
      }
      if let number { activity = "number \(number): \(activity)" }
      lines.append(
        ClusterProgress.WorkerLine(
          host: worker.profile.host, process: Int(worker.profile.process), threads: Int(worker.profile.threads),
          instructionSet: worker.profile.instructionSet, activity: activity, rate: rate, fraction: fraction,
          lastSeen: now - worker.lastSeen, tasks: number.map { $0..<$0 + 1 } ?? worker.chunks.first?.tasks,
          unit: number == nil ? nil : FitProgress.Unit.images.rawValue))
    }
    return lines
  }
}

extension FitProgress {
  /// Converts the progress that a member of a training group reports.
  init(_ progress: TrainingProgress) {
    self.init(
      done: Int(clamping: progress.done), total: Int(clamping: progress.total), unit: .images,
      epoch: Int(clamping: progress.epoch), epochs: Int(clamping: progress.epochs),
      loss: progress.loss < 0 ? nil : progress.loss,
      validationAccuracy: progress.validationAccuracy < 0 ? nil : progress.validationAccuracy)
  }
}
