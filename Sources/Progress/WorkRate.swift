/// The speed of a computation. Neither the work before a training was resumed counts, nor the time until its workers
/// begin.
package struct WorkRate: Sendable {
  /// Completed items per second; 0 if it is not known yet.
  package private(set) var value = 0.0
  /// The number of images in a step of the training; nil for models without steps.
  private let batch: Int?
  /// The seconds and the completed items from which the speed is measured.
  private var start: (seconds: Double, done: Int)?
  private var hasAwaitedWorkers = false

  package init(batch: Int?) { self.batch = batch }

  /// - Parameter seconds: the time since the computation was started
  package mutating func update(_ progress: FitProgress, at seconds: Double) {
    // The epoch is unknown until workers report their first step, and while all of them are lost.
    if batch != nil, progress.epoch == nil {
      hasAwaitedWorkers = true
      return
    }
    let done = progress.doneInAllEpochs
    // A resumed training begins in the middle. In one process, the first report follows the first step; workers have
    // taken an unknown number of steps before theirs.
    let start = self.start ?? (hasAwaitedWorkers ? (seconds, done) : (0, batch.map { done - $0 } ?? 0))
    self.start = start
    value = seconds > start.seconds ? max(0, Double(done - start.done) / (seconds - start.seconds)) : 0
  }
}
