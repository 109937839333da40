/// Jobs whose workers train a network together.
extension Coordinator {
  /// - Parameter checkpoint: A checkpoint whose digest was computed from the bytes that were received.
  mutating func handle(_ checkpoint: Checkpoint, from id: WorkerID) {
    guard workers[id] != nil, let index = index(ofJob: checkpoint.job), let group = assignments[index].group,
      group.members.contains(id)
    else { return }
    switch group.validity(of: checkpoint) {
    case .unknown: return
    case .wrong:
      return expel(
        id, from: checkpoint.job,
        reason: "it sent a state after round \(checkpoint.step) that is not the one that the workers agreed on")
    case .valid: break
    }
    if checkpoint.step > group.savedStep || checkpoint.finished || group.isPauseRequested {
      actions.append(.keepCheckpoint(checkpoint))
      updateGroup(index) { $0.noteKept(checkpoint) }
    }
    if checkpoint.finished { end(index, .trained) }
  }

  mutating func handle(_ membership: Membership, of id: WorkerID) {
    guard let index = index(of: id), membership.job == assignments[index].job.id,
      var group = assignments[index].group
    else { return }
    if let fault = group.fault(of: membership, from: id) {
      return expel(id, from: membership.job, reason: "its report is invalid: \(fault)")
    }
    workers[id]!.membership = membership
    if !group.members.contains(id) {
      guard !isAwaiting else { return }
      if group.admits(id) { return regroup(index, group.members + [id]) }
      assignments[index].group = group
      return
    }
    // The member has restarted the job, and has lost its state of this generation.
    if group.hasBegun, membership.generation < group.generation { return regroup(index, group.members) }
    if let cut = cutLink(from: id, membership, in: group) ?? cutRing(from: id, membership, in: group) {
      let reason = "\(name(id)) has received no valid message from it within the worker timeout"
      assignments[index].exclude(cut, .unlinked, reason: reason)
      actions.append(.note(.lost(cut, .excluded(reason: reason))))
      withdraw(cut)
      return assignWorkers()
    }
    if membership.generation == group.generation {
      assignments[index].note(step: membership.step, at: now, &statistics)
    }
    let beginning = group.note(
      membership, of: id, threads: { Int(workers[$0]?.profile.threads ?? 1) }, fraction: limits.checkedFraction)
    let verdict = group.compare(membership, of: id)
    assignments[index].group = group
    apply(beginning, at: index)
    apply(verdict, of: membership.job)
  }

  private mutating func apply(_ beginning: TrainingGroup.Beginning, at index: Int) {
    guard let group = assignments[index].group else { return }
    switch beginning {
    case .pending: return
    case .begun:
      let step = group.orders(profiles: [:]).step
      let job = assignments[index].job.id
      actions.append(
        .note(.begun(job: job, generation: group.generation, step: step, members: group.members.count)))
      for member in group.members { instruct(member) }
    case .noMajority(let members): failWithoutMajority("the initial state", members, at: index)
    }
  }

  private mutating func apply(_ verdict: TrainingGroup.Verdict, of job: UInt64) {
    guard let index = index(ofJob: job), let group = assignments[index].group else { return }
    switch verdict {
    case .pending: return
    case .agreed:
      if !group.applicants.isEmpty { return regroup(index, group.members) }
      for member in group.members { instruct(member) }
    case .noMajority(let step, let members):
      failWithoutMajority("the training after round \(step)", members, at: index)
    case .deviates(let deviations):
      for deviation in deviations {
        actions.append(.note(.deviates(deviation, job: job)))
        let values = deviation.tensors.isEmpty ? "its gradients before" : "its weights after"
        expel(
          deviation.worker, from: job, isNoted: true,
          reason: "\(values) round \(deviation.step) differ from those of the other workers")
      }
    }
  }

  private mutating func failWithoutMajority(_ subject: String, _ members: [WorkerID], at index: Int) {
    let names = members.map(name).joined(separator: "; ")
    end(
      index,
      .failed(
        reason: """
          workers disagree about \(subject), and there is no majority: \(names); one of them has bad memory or runs \
          another build of Atelier. Remove the faulty host and resume: all workers agreed on the last checkpoint
          """))
  }

  /// Finds two members that wait for each other for longer than the worker timeout, which means that the link between
  /// them has failed.
  /// - Returns: The one of the two to remove from the group, if there is such a pair.
  private func cutLink(from id: WorkerID, _ membership: Membership, in group: TrainingGroup) -> WorkerID? {
    func isWaiting(_ membership: Membership) -> Bool {
      membership.generation == group.generation && membership.waitingMilliseconds > limits.workerTimeout
    }
    let other = membership.waitingFor
    guard group.hasBegun, isWaiting(membership), group.members.contains(other),
      let known = workers[other]?.membership, isWaiting(known), known.waitingFor == id || known.waitingFor == 0
    else { return nil }
    // The member that more members wait for is removed; if the numbers are equal, the one with fewer threads. A member
    // that has finished the training (0) waits for all members that have not.
    func waiters(_ worker: WorkerID) -> Int {
      let isAtEnd = workers[worker]?.membership?.waitingFor == 0
      return group.members.count { member in
        guard let known = workers[member]?.membership, known.generation == group.generation else { return false }
        return known.waitingFor == worker || known.waitingFor == 0 && isWaiting(known) && !isAtEnd
      }
    }
    let (left, right) = (workers[id]!.power, workers[other]!.power)
    return (waiters(id), right) > (waiters(other), left) ? id : other
  }

  /// Removes a worker from the cluster for good. The other members resume from the last state that was agreed on.
  private mutating func expel(_ id: WorkerID, from job: UInt64, isNoted: Bool = false, reason: String) {
    guard let worker = workers[id] else { return }
    let reason = "\(reason): bad memory on \(worker.profile.host), or another build of Atelier"
    if !isNoted { actions.append(.note(.lost(id, .excluded(reason: reason)))) }
    expelled[id] = reason
    actions.append(.refuse(id, reason: reason))
    workers[id] = nil
    withdraw(id)
    readmitExcluded()
    noteIfNoWorkersLeft()
  }

  mutating func regroup(_ index: Int, _ members: [WorkerID]) {
    updateGroup(index) { $0.regroup(members) }
  }

  mutating func updateGroup(_ index: Int, _ change: (inout TrainingGroup) -> Void) {
    guard var group = assignments[index].group else { return }
    let before = group.members
    change(&group)
    assignments[index].group = group
    for member in Set(before + group.members).sorted() { instruct(member) }
  }
}
