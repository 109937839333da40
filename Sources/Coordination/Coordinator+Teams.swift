/// Who works at what.
extension Coordinator {
  /// Whether there are workers for another team of this size. Where there are fewer workers than that, one team has them all.
  package func hasWorkers(forTeamOf size: Int) -> Bool {
    guard !isAwaiting, assignments.allSatisfy({ $0.team != nil }) else { return false }
    let idle = workers.count - assignments.reduce(0) { $0 + $1.workers.count }
    if idle > 0, assignments.allSatisfy(\.workers.isEmpty) { return true }
    return idle + assignments.reduce(0) { $0 + $1.surplus } >= size
  }

  /// Puts workers where one is lacking: first those that have nothing to do, then those that others can do without.
  mutating func staff() {
    guard assignments.contains(where: { $0.lack > 0 }) else { return }
    for id in idleWorkers {
      if let index = neediestAssignment(for: id) { seat(id, at: index) }
    }
    while let (id, index) = nextMove() {
      withdraw(id)
      seat(id, at: index)
    }
  }

  /// Who has nothing to do joins the smallest team that it can be of use to.
  ///
  /// That is done now and then and not at once, since the next trial may be on its way.
  mutating func spread() {
    guard !isAwaiting, assignments.contains(where: \.hasRoom) else { return }
    for id in idleWorkers {
      let open = assignments.indices.filter { assignments[$0].hasRoom && canAssign(id, at: $0) }
      if let index = open.min(by: { assignments[$0].workers.count < assignments[$1].workers.count }) {
        seat(id, at: index)
      }
    }
  }

  private var idleWorkers: [WorkerID] { workers.keys.filter { index(of: $0) == nil && !unresponsive.contains($0) }.sorted() }

  /// What seems to kill workers is tried by those only that have proved themselves.
  private func canAssign(_ id: WorkerID, at index: Int) -> Bool {
    assignments[index].excluded[id] == nil && assignments[index].canJoin(after: now - workers[id]!.joined, limits)
  }

  private func neediestAssignment(for id: WorkerID) -> Int? {
    var found: Int?
    for (index, assignment) in assignments.enumerated() where assignment.lack > 0 && canAssign(id, at: index) {
      // It may have the state still.
      if assignment.former.contains(id) { return index }
      if let best = found, !assignment.needsMore(than: assignments[best]) { continue }
      found = index
    }
    return found
  }

  /// A worker that its team can do without, and where it is lacking. Who is not a member yet moves first: that stops nobody.
  private func nextMove() -> (WorkerID, Int)? {
    for assignment in assignments where assignment.surplus > 0 {
      let members = assignment.group?.members ?? []
      let order = assignment.workers.keys.map { (members.contains($0) ? 1 : 0, $0) }
      for (_, id) in order.sorted(by: { ($0.0, $1.1) < ($1.0, $0.1) }) {
        if let index = neediestAssignment(for: id) { return (id, index) }
      }
    }
    return nil
  }

  private mutating func seat(_ id: WorkerID, at index: Int) {
    assignments[index].add(id, power: workers[id]!.power)
    instruct(id)
  }
}
