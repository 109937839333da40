/// Workers that were lost while they worked at something, and have not come back. What happens to several of them at once is one accident: a host
/// or a switch that fails.
package struct Accidents: Sendable {
  private struct Accident: Sendable {
    var victims: Set<WorkerID>
    var exposure: Milliseconds
    var isProven: Bool
  }

  private var accidents: [Accident] = []
  /// When the last accident began.
  private var begun: Milliseconds = .min / 2

  package init() {}

  package var count: Int { accidents.count }
  /// How long its victims had worked at it, all together.
  package var exposure: Milliseconds { accidents.reduce(0) { $0 + $1.exposure } }
  /// How long those of one accident had.
  var longest: Milliseconds { accidents.map(\.exposure).max() ?? 0 }
  /// Whether the last one happened to a worker that had proved itself before (``Proof``).
  var isProven: Bool { accidents.last?.isProven ?? false }

  /// - Parameters:
  ///   - exposure: how long the worker had worked at it
  ///   - window: whoever is lost no longer than this after the first one is lost in the same accident. Not after the
  ///     last one: what kills whoever is started again at once would be one accident without end.
  package mutating func note(
    _ worker: WorkerID, at now: Milliseconds, window: Milliseconds, after exposure: Milliseconds, isProven: Bool
  ) {
    if now - begun > window || accidents.isEmpty {
      accidents.append(Accident(victims: [], exposure: 0, isProven: false))
      begun = now
    }
    let last = accidents.count - 1
    accidents[last].victims.insert(worker)
    accidents[last].exposure += max(1, exposure)
    if isProven { accidents[last].isProven = true }
  }

  /// A worker that seemed to have crashed is back.
  /// - Returns: whether it was among the victims.
  @discardableResult package mutating func absolve(_ worker: WorkerID) -> Bool {
    guard accidents.contains(where: { $0.victims.contains(worker) }) else { return false }
    for index in accidents.indices { accidents[index].victims.remove(worker) }
    accidents.removeAll(where: \.victims.isEmpty)
    return true
  }
}
