/// Workers that were lost while they worked at something, and have not come back. What happens to several of them at once is one accident: a host
/// or a switch that fails.
struct Accidents: Sendable {
  private var victims: [Set<WorkerID>] = []
  /// When the last accident began.
  private var begun: Milliseconds = .min / 2

  var count: Int { victims.count }

  /// - Parameter window: whoever is lost no longer than this after the first one is lost in the same accident. Not after the last one: what kills
  ///   whoever is started again at once would be one accident without end.
  mutating func note(_ worker: WorkerID, at now: Milliseconds, window: Milliseconds) {
    if now - begun > window || victims.isEmpty {
      victims.append([])
      begun = now
    }
    victims[victims.count - 1].insert(worker)
  }

  /// A worker that seemed to have died is back.
  mutating func absolve(_ worker: WorkerID) {
    victims = victims.map { $0.subtracting([worker]) }.filter { !$0.isEmpty }
  }
}
