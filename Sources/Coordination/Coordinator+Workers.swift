/// Workers that come, tell how they stand, and go.
extension Coordinator {
  mutating func handle(_ status: WorkerStatus, from id: WorkerID) {
    if let known = workers[id] {
      guard status.number > known.status else { return }
    } else {
      guard !status.leaving, admit(id, status.profile) else { return }
    }
    workers[id]!.lastSeen = now
    workers[id]!.status = status.number
    // Whoever tells more than there can be must not make sums overflow.
    workers[id]!.tasksDone = Int(min(status.tasksDone, 1 << 40))
    if status.leaving { return lose(id, .leaving) }
    confirm(status, of: id)
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
    workers[id] = WorkerRecord(profile: profile, lastSeen: now, status: 0, joined: now)
    statistics.absolve(id)
    for index in assignments.indices { assignments[index].absolve(id) }
    actions.append(.note(.joined(id, profile)))
    let hasAllWorkers = awaitWorkers()
    staff()
    if hasAllWorkers {
      expectMembers()
      instructAll()
    }
    return true
  }

  /// A worker that says only what it is, but never follows what it is told, hears nothing: it would keep what it is
  /// given for ever.
  private mutating func confirm(_ status: WorkerStatus, of id: WorkerID) {
    guard status.coordinator == session, let worker = workers[id] else { return }
    if let orders = worker.unconfirmed, status.orders >= orders.number {
      workers[id]!.unconfirmed = status.orders >= worker.orders.number ? nil : (worker.orders.number, now)
    }
    // Of one that is back, it is known only when it has been told something.
    guard workers[id]!.unconfirmed == nil, worker.orders.number > 0, unresponsive.remove(id) != nil else { return }
    acknowledgementBackoffs[id, default: Backoff()].noteRequest()
    staff()
  }

  private func refusal(of id: WorkerID, _ profile: Profile) -> String? {
    if profile.numerics == numerics { return refused[id] }
    return
      "it computes by other rules (\(profile.numerics)) than the coordinator (\(numerics)): install the same version of Atelier on both"
  }

  /// Whether the status was made under the newest orders.
  private func isCurrent(_ status: WorkerStatus, of id: WorkerID) -> Bool {
    status.coordinator == session && status.orders == workers[id]?.orders.number
  }

  /// The worker cannot do its job. If nobody can, of those who are awaited either, that is the job's end; a team's job is at its end when its
  /// whole team has said so.
  private mutating func bar(_ id: WorkerID, from index: Int, reason: String) {
    let job = assignments[index].job.id
    actions.append(.note(.lost(id, .excluded(reason: reason))))
    assignments[index].bar(id, reason: reason, hasFailed: true)
    withdraw(id)
    guard let index = self.index(ofJob: job) else { return }
    let assignment = assignments[index]
    let canNobody =
      assignment.team == nil
      ? !isAwaiting && workers.keys.allSatisfy { assignment.excluded[$0] != nil } : assignment.workers.isEmpty
    if canNobody { end(index, .impossible(reason: reason)) } else { staff() }
  }

  /// - Parameter loss: a closed connection or silence may be a crash, or something that the worker survives: then it
  ///   comes back, and what it worked at is absolved. Therefore nothing is quarantined at once (``quarantine()``).
  mutating func lose(_ id: WorkerID, _ loss: Loss) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    actions.append(.note(.lost(id, loss)))
    var end: Milliseconds?
    switch loss {
    case .disconnected: end = now
    // Of whom nothing was heard since it was given what it has, that may have been given to a dead one.
    case .silent where worker.lastSeen > worker.givenAt: end = min(now, worker.lastSeen + limits.heartbeat)
    case .silent, .unresponsive, .leaving, .excluded: break
    }
    withdraw(id, crash: end.map { Crash(at: $0, worker) })
    readmitExcluded()
    if workers.isEmpty, !assignments.isEmpty { actions.append(.note(.noWorkersLeft)) }
  }

  /// A job whose workers are all gone does not wait for those who may not work at it.
  mutating func readmitExcluded() {
    for index in assignments.indices where assignments[index].workers.isEmpty {
      assignments[index].readmitUnlinked()
    }
    staff()
    // Who is awaited may be able to.
    guard !isAwaiting, let left = workers.keys.min() else { return }
    for assignment in assignments where assignment.workers.isEmpty {
      guard let reason = assignment.excluded[left], workers.keys.allSatisfy({ assignment.excluded[$0] != nil }),
        let index = index(ofJob: assignment.job.id)
      else { continue }
      end(index, .impossible(reason: reason))
    }
  }

  /// How a worker was lost that may have crashed.
  struct Crash {
    /// When it was, and since when the worker had worked at what it began with, and had been there.
    let time, given, joined: Milliseconds

    init(at time: Milliseconds, _ worker: WorkerRecord) {
      (self.time, given, joined) = (time, worker.givenAt, worker.joined)
    }
  }

  /// The worker works no longer at what it has worked at. What it had goes back, to be done by others.
  mutating func withdraw(_ id: WorkerID, crash: Crash? = nil) {
    guard let index = index(of: id), assignments[index].remove(id) else {
      if crash != nil { statistics.noteIdleLoss(of: id, at: now, window: limits.heartbeat) }
      return
    }
    workers[id]?.forgetJob()
    let job = assignments[index].job.id
    if assignments[index].pool != nil {
      let exposure = crash.map { $0.time - $0.given }
      let suspect = assignments[index].pool!.remove(
        id, exposure: exposure, at: now, window: limits.heartbeat, &statistics)
      if let suspect { judge(suspect, of: index) }
      instructAll(of: index)
      return endIfFinished(job)
    }
    guard let group = assignments[index].group else { return }
    assignments[index].group!.removeApplicant(id)
    if group.members.contains(id) {
      regroup(index, group.members.filter { $0 != id })
    } else if assignments[index].group!.isComplete {
      regroup(index, [])
    }
    guard let crash, assignments[index].team != nil,
      assignments[index].noteCrash(of: id, crash, limits: limits, at: now)
    else { return }
    let others = assignments.indices.flatMap { failures(of: $0, exceptOf: $0 == index) }
    if statistics.condemn(assignments[index].failures, others: others) { assignments[index].quarantinePendingSince = now }
  }

  private mutating func judge(_ chunk: UInt64, of index: Int) {
    let others = assignments.indices.flatMap { failures(of: $0, except: $0 == index ? chunk : nil) }
    guard statistics.condemn(assignments[index].pool!.failures(of: chunk), others: others) else { return }
    assignments[index].pool!.condemn(chunk, at: now)
  }

  /// Of work that is not done.
  private func failures(of index: Int, except chunk: UInt64? = nil, exceptOf isExcepted: Bool = false) -> [FailureHistory] {
    if let pool = assignments[index].pool { return pool.failures(except: chunk) }
    return isExcepted || assignments[index].failures.count == 0 ? [] : [assignments[index].failures]
  }

  /// Quarantines what was condemned so long ago that its victims, if they were but cut off, would have come back.
  mutating func quarantine() {
    let before = now - limits.workerTimeout
    for job in assignments.map(\.job.id) {
      guard let index = index(ofJob: job) else { continue }
      for chunk in assignments[index].pool?.quarantine(pendingSince: before, &statistics) ?? [] {
        actions.append(.note(.quarantined(chunk, job: job, reason: Self.quarantineReason)))
      }
      endIfFinished(job)
      if let index = self.index(ofJob: job), let time = assignments[index].quarantinePendingSince, time <= before {
        statistics.noteQuarantined(assignments[index].failures)
        end(index, .abandoned(reason: Self.quarantineReason))
      }
    }
  }

  /// Without a number: the same fit has the same reason, by however many workers it was tried.
  private static let quarantineReason =
    "its workers crash each time, also one that had been running well and had nothing else in hand"
}
