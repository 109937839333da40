/// Jobs whose workers train a network together.
extension Coordinator {
  mutating func handle(_ checkpoint: Checkpoint, from id: WorkerID) {
    guard workers[id] != nil, let index = index(ofJob: checkpoint.job), let group = assignments[index].group,
      group.members.contains(id)
    else { return }
    if checkpoint.step > group.savedStep || checkpoint.finished || group.isPaused {
      actions.append(.keepCheckpoint(checkpoint))
      updateGroup(index) { $0.savedStep = max($0.savedStep, checkpoint.step) }
    }
    if checkpoint.finished { end(index, .trained) }
  }

  mutating func handle(_ membership: Membership, of id: WorkerID) {
    guard let index = index(of: id), membership.job == assignments[index].job.id,
      var group = assignments[index].group
    else { return }
    workers[id]!.membership = membership
    if !group.members.contains(id) {
      guard !isAwaiting else { return }
      return regroup(index, group.members + [id])
    }
    // It has begun from the start, and knows nothing of what it has done in this generation.
    if group.hasBegun, membership.generation < group.generation { return regroup(index, group.members) }
    if let cut = cutLink(from: id, membership, in: group) ?? cutRing(from: id, membership, in: group) {
      let reason = "\(name(id)) has been waiting for it: no message, or none of use, passes between the two"
      assignments[index].bar(cut, reason: reason, hasFailed: false)
      actions.append(.note(.lost(cut, .unfit(reason: reason))))
      withdraw(cut)
      return staff()
    }
    if membership.generation == group.generation {
      assignments[index].note(step: membership.step, at: now, &statistics)
    }
    let begins = group.note(membership, of: id)
    let deviations = group.compare(membership, of: id)
    assignments[index].group = group
    if begins {
      let orders = group.orders(profiles: [:])
      actions.append(
        .note(
          .begun(
            job: membership.job, generation: group.generation, step: orders.step, members: group.members.count)))
      for member in group.members { instruct(member) }
    }
    for deviation in deviations { expel(deviation, from: membership.job) }
  }

  /// Two members that both wait, one for the other, for longer than patience lasts: nobody computes, so nothing passes between them. One of
  /// the two has to go.
  private func cutLink(from id: WorkerID, _ membership: Membership, in group: TrainingGroup) -> WorkerID? {
    func isWaiting(_ membership: Membership) -> Bool {
      membership.generation == group.generation && membership.waitingMilliseconds > limits.silence
    }
    let other = membership.waitingFor
    guard group.hasBegun, isWaiting(membership), group.members.contains(other),
      let known = workers[other]?.membership, isWaiting(known), known.waitingFor == id
    else { return nil }
    // Whom more members wait for has to go; if there is no such one, the one with less power.
    func waiters(_ worker: WorkerID) -> Int {
      group.members.count { member in
        workers[member]?.membership.map { $0.generation == group.generation && $0.waitingFor == worker } ?? false
      }
    }
    let (left, right) = (workers[id]!.power, workers[other]!.power)
    return (waiters(id), right) > (waiters(other), left) ? id : other
  }

  private mutating func expel(_ deviation: TrainingGroup.Deviation, from job: UInt64) {
    guard let worker = workers[deviation.worker], let index = index(ofJob: job) else { return }
    actions.append(.note(.deviates(deviation, job: job)))
    guard deviation.isOutvoted else {
      return end(
        index,
        .failed(
          reason:
            """
            workers disagree about the weights after step \(deviation.step), and nobody can tell who is right; one is \
            \(name(deviation.worker))
            """
        ))
    }
    let reason =
      "its weights after step \(deviation.step) are not those of the other workers: bad memory on \(worker.profile.host), or another build"
    refused[deviation.worker] = reason
    actions.append(.refuse(deviation.worker, reason: reason))
    workers[deviation.worker] = nil
    withdraw(deviation.worker)
    admitTheBarred()
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
