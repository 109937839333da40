/// Workers that were lost while they worked at something, and have not come back. What happens to several of them at once is one accident: a host
/// or a switch that fails.
package struct FailureHistory: Sendable {
  private struct Failure: Sendable {
    var victims: Set<WorkerID>
    var exposure: Milliseconds
    var isProven: Bool
  }

  private var failures: [Failure] = []
  /// When the last accident began.
  private var begun: Milliseconds = .min / 2

  package init() {}

  package var count: Int { failures.count }
  /// How long its victims had worked at it, all together.
  package var exposure: Milliseconds { failures.reduce(0) { $0 + $1.exposure } }
  /// How long those of one accident had.
  var longest: Milliseconds { failures.map(\.exposure).max() ?? 0 }
  /// Whether the last one happened to a worker that had proved itself before (``Proof``).
  var isProven: Bool { failures.last?.isProven ?? false }

  /// - Parameters:
  ///   - exposure: how long the worker had worked at it
  ///   - window: whoever is lost no longer than this after the first one is lost in the same accident. Not after the
  ///     last one: what kills whoever is started again at once would be one accident without end.
  package mutating func note(
    _ worker: WorkerID, at now: Milliseconds, window: Milliseconds, after exposure: Milliseconds, isProven: Bool
  ) {
    if now - begun > window || failures.isEmpty {
      failures.append(Failure(victims: [], exposure: 0, isProven: false))
      begun = now
    }
    let last = failures.count - 1
    failures[last].victims.insert(worker)
    failures[last].exposure += max(1, exposure)
    if isProven { failures[last].isProven = true }
  }

  /// A worker that seemed to have crashed is back.
  /// - Returns: whether it was among the victims.
  @discardableResult package mutating func absolve(_ worker: WorkerID) -> Bool {
    guard failures.contains(where: { $0.victims.contains(worker) }) else { return false }
    for index in failures.indices { failures[index].victims.remove(worker) }
    failures.removeAll(where: \.victims.isEmpty)
    return true
  }
}
