/// The progress of a job and the activity of each worker.
package struct ClusterProgress: Sendable {
  package var fit: FitProgress
  package var workers: [WorkerLine]
  /// The message about missing workers; nil if the job does not wait for any.
  package var waiting: String?

  package init(fit: FitProgress, workers: [WorkerLine], waiting: String? = nil) {
    (self.fit, self.workers, self.waiting) = (fit, workers, waiting)
  }
}

/// The activity of one worker.
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
  /// The bytes of results and gradients that it has sent.
  package var bytesSent = 0
  /// The seconds in which it has waited for other members of its training groups.
  package var waitingSeconds = 0.0

  package init(
    host: String, process: Int, threads: Int, instructionSet: String, activity: String, rate: Double, fraction: Double,
    lastSeen: Int, tasks: Range<Int>? = nil, unit: String? = nil
  ) {
    (self.host, self.process, self.threads, self.instructionSet) = (host, process, threads, instructionSet)
    (self.activity, self.rate, self.fraction, self.lastSeen) = (activity, rate, fraction, lastSeen)
    (self.tasks, self.unit) = (tasks, unit)
  }

  private enum CodingKeys: String, CodingKey {
    case host, process, threads, instructionSet, activity, rate
    case fraction = "share"
    case lastSeen
    case tasks = "units"
    case unit, bytesSent, waitingSeconds
  }
}
