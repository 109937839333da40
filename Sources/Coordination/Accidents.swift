/// Workers that were lost while they worked at something, and have not come back. What happens to several of them at once is one accident: a host
/// or a switch that fails.
struct Accidents: Sendable {
  private var victims: [Set<WorkerID>] = []
  private var last: Milliseconds = .min / 2

  var count: Int { victims.count }

  /// - Parameter window: whoever is lost no longer than this after another one is lost in the same accident
  mutating func note(_ worker: WorkerID, at now: Milliseconds, window: Milliseconds) {
    if now - last > window || victims.isEmpty { victims.append([]) }
    victims[victims.count - 1].insert(worker)
    last = now
  }

  /// A worker that seemed to have died is back.
  mutating func absolve(_ worker: WorkerID) {
    victims = victims.map { $0.subtracting([worker]) }.filter { !$0.isEmpty }
  }
}
