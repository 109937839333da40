/// The speed of a computation. Neither the work before a training was resumed counts, nor the time until its workers
/// begin.
package struct WorkRate: Sendable {
  /// Completed items per second; 0 before the first.
  package private(set) var value = 0.0
  /// The number of images in a step of the training; nil for models without steps.
  private let batch: Int?
  /// The seconds and the completed items when the measured work began; nil before that.
  private var start = 0.0
  private var doneBefore: Int?

  package init(batch: Int?) { self.batch = batch }

  /// - Parameter seconds: the time since the computation was started
  package mutating func update(_ progress: FitProgress, at seconds: Double) {
    // The epoch is unknown until workers report their first step, and while all of them are lost.
    if batch != nil, progress.epoch == nil {
      if doneBefore == nil { start = seconds }
      return
    }
    // A resumed training begins in the middle. The first report follows its first step.
    let before = doneBefore ?? batch.map { progress.doneInAllEpochs - $0 } ?? 0
    doneBefore = before
    value = seconds > start ? max(0, Double(progress.doneInAllEpochs - before) / (seconds - start)) : 0
  }
}
