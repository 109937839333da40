/// Training groups in which links have failed in one direction.
extension Coordinator {
  /// Finds a ring of three or more members that wait for each other for longer than the worker timeout.
  ///
  /// Each member of the ring waits for the next one, which has sent everything that was requested from it. Such a ring
  /// arises if links fail in one direction only, and it would wait forever.
  /// - Returns: The member to remove from the group, if there is a ring: the one with the fewest threads, of several
  ///   the one with the highest ID.
  func cutRing(from id: WorkerID, _ membership: Membership, in group: TrainingGroup) -> WorkerID? {
    guard group.hasBegun else { return nil }
    var ring: [WorkerID] = []
    var (member, report) = (id, membership)
    while !ring.contains(member) {
      guard report.generation == group.generation, report.waitingMilliseconds > limits.workerTimeout,
        group.members.contains(report.waitingFor), let next = workers[report.waitingFor]?.membership
      else { return nil }
      ring.append(member)
      (member, report) = (report.waitingFor, report.waitingFor == id ? membership : next)
    }
    ring.removeFirst(ring.firstIndex(of: member)!)
    return ring.count < 3 ? nil : ring.min { (workers[$0]!.power, $1) < (workers[$1]!.power, $0) }
  }
}
