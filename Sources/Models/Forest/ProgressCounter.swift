internal import Progress
internal import Synchronization

/// Counts the finished work of a team's threads, reports it on the caller's thread, and lets it stop the others.
final class ProgressCounter: Sendable {
  private let total: Int
  private let unit: FitProgress.Unit
  private let done = Atomic<Int>(0)
  private let stopped = Atomic<Bool>(false)

  init(total: Int, unit: FitProgress.Unit) { (self.total, self.unit) = (total, unit) }

  var isStopped: Bool { stopped.load(ordering: .relaxed) }

  /// Adds `count`. On thread 0, which is the caller's, calls `progress`, and stops all threads if it returns false.
  func add(_ count: Int, thread: Int, _ progress: (FitProgress) -> Bool) {
    let done = done.add(count, ordering: .relaxed).newValue
    if thread == 0, !progress(FitProgress(done: done, total: total, unit: unit)) {
      stopped.store(true, ordering: .relaxed)
    }
  }

  /// - Throws: `CancellationError` if stopped.
  func throwIfStopped() throws {
    if isStopped { throw CancellationError() }
  }
}
