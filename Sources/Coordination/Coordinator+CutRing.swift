/// Links of a training that are cut in one direction.
extension Coordinator {
  /// Members that wait for each other in a ring of three or more, for longer than silence lasts: the second waits for the first, which has sent
  /// all that is asked of it, the third for the second, and the first for the last. No two of them wait for each other, so it takes links that
  /// are cut in one direction, and all of them would wait for ever.
  /// - Returns: the member of the ring that has to go, if there is a ring: the one with the least power, of equal ones the last
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
