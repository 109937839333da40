/// The failures in which workers were lost while they worked on the same task or training, and have not reconnected.
///
/// Workers that are lost at about the same time count as one failure: the cause may be their host or a switch.
package struct FailureHistory: Sendable {
  private struct Failure: Sendable {
    var workers: Set<WorkerID>
    var exposure: Milliseconds
    var isProven: Bool
    /// The time of the first loss.
    let start: Milliseconds
  }

  private var failures: [Failure] = []
  /// The time that other workers have spent on the same work without a failure.
  package var survivorTime: Milliseconds = 0

  package init() {}

  package var count: Int { failures.count }
  /// The total time that workers have spent on the work.
  package var exposure: Milliseconds { failures.reduce(survivorTime) { $0 + $1.exposure } }
  /// The longest exposure of a single failure.
  var longestExposure: Milliseconds { failures.map(\.exposure).max() ?? 0 }
  /// Whether the newest failure includes a worker that had proved itself before (``Proof``).
  var isProven: Bool { failures.last?.isProven ?? false }

  /// Records the loss of a worker.
  /// - Parameters:
  ///   - exposure: The time that the worker had spent on the work.
  ///   - window: The losses within this time after the first loss of a failure belong to the same failure. The time is
  ///     not measured from the latest loss: a task that crashes every worker, each of which is restarted at once, would
  ///     be a single failure without end.
  package mutating func record(
    _ worker: WorkerID, at now: Milliseconds, window: Milliseconds, after exposure: Milliseconds, isProven: Bool
  ) {
    if failures.last.map({ now - $0.start > window }) ?? true {
      failures.append(Failure(workers: [], exposure: 0, isProven: false, start: now))
    }
    let last = failures.count - 1
    failures[last].workers.insert(worker)
    failures[last].exposure += max(1, exposure)
    if isProven { failures[last].isProven = true }
  }

  /// Removes a worker that has reconnected, and the failures that have no other worker.
  /// - Returns: Whether the worker was part of a failure.
  @discardableResult package mutating func remove(_ worker: WorkerID) -> Bool {
    guard failures.contains(where: { $0.workers.contains(worker) }) else { return false }
    for index in failures.indices { failures[index].workers.remove(worker) }
    failures.removeAll(where: \.workers.isEmpty)
    return true
  }
}
