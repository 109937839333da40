/// Workers that come, tell how they stand, and go.
extension Coordinator {
  mutating func handle(_ status: Status, from id: WorkerID) {
    if let known = workers[id] {
      guard status.number > known.status else { return }
    } else {
      guard !status.leaving, admit(id, status.profile) else { return }
    }
    workers[id]!.lastSeen = now
    workers[id]!.status = status.number
    // Whoever tells more than there can be must not make sums overflow.
    workers[id]!.unitsDone = Int(min(status.unitsDone, 1 << 40))
    if status.leaving { return lose(id, .leaving) }
    if !status.failure.isEmpty, isCurrent(status, of: id), let index = index(of: id) {
      bar(id, from: index, reason: status.failure)
    }
    if status.hasMembership { handle(status.membership, of: id) }
    instruct(id)
  }

  private mutating func admit(_ id: WorkerID, _ profile: Profile) -> Bool {
    if let reason = refusal(of: id, profile) {
      actions.append(.refuse(id, reason: reason))
      return false
    }
    workers[id] = WorkerRecord(profile: profile, lastSeen: now, status: 0)
    for index in assignments.indices { assignments[index].absolve(id) }
    actions.append(.note(.joined(id, profile)))
    let areAllThere = awaitWorkers()
    staff()
    if areAllThere { instructAll() }
    return true
  }

  private func refusal(of id: WorkerID, _ profile: Profile) -> String? {
    if profile.numerics == numerics { return refused[id] }
    return
      "it computes by other rules (\(profile.numerics)) than the coordinator (\(numerics)): install the same version of Atelier on both"
  }

  /// Whether the status was made under the newest orders.
  private func isCurrent(_ status: Status, of id: WorkerID) -> Bool {
    status.coordinator == session && status.orders == workers[id]?.orders.number
  }

  /// The worker cannot do its job. If nobody can, of those who are awaited either, that is the job's end; a team's job is at its end when its
  /// whole team has said so.
  private mutating func bar(_ id: WorkerID, from index: Int, reason: String) {
    let job = assignments[index].job.id
    actions.append(.note(.lost(id, .unfit(reason: reason))))
    assignments[index].bar(id, reason: reason, hasFailed: true)
    withdraw(id, died: false)
    guard let index = self.index(ofJob: job) else { return }
    let assignment = assignments[index]
    let canNobody =
      assignment.team == nil
      ? !isAwaiting && workers.keys.allSatisfy { assignment.barred[$0] != nil } : assignment.workers.isEmpty
    if canNobody { end(index, .impossible(reason: reason)) } else { staff() }
  }

  mutating func lose(_ id: WorkerID, _ loss: Loss) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    actions.append(.note(.lost(id, loss)))
    // Of whom nothing was heard since it was given what it has, that may have been given to a dead one.
    let died = loss == .disconnected || loss == .silent && worker.lastSeen > worker.givenAt
    withdraw(id, died: died)
    admitTheBarred()
    if workers.isEmpty, !assignments.isEmpty { actions.append(.note(.nobodyLeft)) }
  }

  /// A job whose workers are all gone does not wait for those who may not work at it.
  mutating func admitTheBarred() {
    for index in assignments.indices where assignments[index].workers.isEmpty {
      assignments[index].admitThoseWithoutLinks()
    }
    staff()
    // Who is awaited may be able to.
    guard !isAwaiting, let left = workers.keys.min() else { return }
    for assignment in assignments where assignment.workers.isEmpty {
      guard let reason = assignment.barred[left], workers.keys.allSatisfy({ assignment.barred[$0] != nil }),
        let index = index(ofJob: assignment.job.id)
      else { continue }
      end(index, .impossible(reason: reason))
    }
  }

  /// The worker works no longer at what it has worked at. What it had goes back, to be done by others.
  mutating func withdraw(_ id: WorkerID, died: Bool) {
    guard let index = index(of: id), assignments[index].remove(id) else { return }
    workers[id]?.forgetJob()
    let job = assignments[index].job.id
    if let setAside = assignments[index].pool?.remove(
      id, died: died, limit: limits.deaths, at: now, window: limits.heartbeat) ?? nil
    {
      let reason = "\(limits.deaths) workers have died of it, one after the other"
      actions.append(.note(.setAside(setAside, job: job, reason: reason)))
    }
    if assignments[index].pool != nil {
      instructAll(of: index)
      return endIfFinished(job)
    }
    guard let group = assignments[index].group else { return }
    assignments[index].group!.removeApplicant(id)
    if group.members.contains(id) { regroup(index, group.members.filter { $0 != id }) }
    guard died, assignments[index].team != nil,
      assignments[index].noteDeath(of: id, at: now, window: limits.heartbeat) >= limits.deaths
    else { return }
    end(index, .givenUp(reason: "workers have died of it \(limits.deaths) times, and it came no further"))
  }
}
