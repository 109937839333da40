/// The assignment of workers to jobs.
extension Coordinator {
  /// Returns whether enough workers are available for another team of this size. If the cluster has fewer workers than
  /// that, a single team gets all of them.
  package func hasWorkers(forTeamOf size: Int) -> Bool {
    guard !isAwaiting, assignments.allSatisfy({ $0.team != nil }) else { return false }
    let idle = idleWorkers.count
    if idle > 0, assignments.allSatisfy(\.workers.isEmpty) { return true }
    return idle + assignments.reduce(0) { $0 + $1.surplus } >= size
  }

  /// Assigns workers to the jobs that need some: first idle workers, then the surplus of other teams.
  mutating func assignWorkers() {
    guard assignments.contains(where: { $0.missingCount > 0 }) else { return }
    for id in idleWorkers {
      if let index = neediestAssignment(for: id) { assign(id, to: index) }
    }
    while let (id, index) = nextMove() {
      withdraw(id)
      assign(id, to: index)
    }
  }

  /// Assigns each idle worker to the smallest team that has room for it.
  ///
  /// Called from time to time instead of at once, because the next job of a team may be about to start.
  mutating func assignIdleWorkers() {
    guard !isAwaiting, assignments.contains(where: \.hasRoom) else { return }
    for id in idleWorkers {
      let open = assignments.indices.filter { assignments[$0].hasRoom && canAssign(id, to: $0) }
      if let index = open.min(by: { assignments[$0].workers.count < assignments[$1].workers.count }) {
        assign(id, to: index)
      }
    }
  }

  private var idleWorkers: [WorkerID] {
    workers.keys.filter { index(of: $0) == nil && !unresponsive.contains($0) }.sorted()
  }

  /// Returns whether the worker may work on a job: it is not excluded, and is proven if the job has crashed workers.
  private func canAssign(_ id: WorkerID, to index: Int) -> Bool {
    assignments[index].excluded[id] == nil
      && assignments[index].canJoin(after: now - workers[id]!.joinTime, limits)
  }

  private func neediestAssignment(for id: WorkerID) -> Int? {
    var found: Int?
    for (index, assignment) in assignments.enumerated() where assignment.missingCount > 0 && canAssign(id, to: index) {
      // A former worker of the job may still have its state.
      if assignment.formerWorkers.contains(id) { return index }
      if let best = found, !assignment.needsMore(than: assignments[best]) { continue }
      found = index
    }
    return found
  }

  /// Returns a worker of a team with a surplus, and the job that needs it. Workers that are not members of a training
  /// group move first, since their leaving does not interrupt the training.
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

  private mutating func assign(_ id: WorkerID, to index: Int) {
    assignments[index].add(id, power: workers[id]!.power)
    instruct(id)
  }
}
