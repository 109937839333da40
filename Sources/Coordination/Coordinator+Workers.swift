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
    let areAllThere = awaitWorkers()
    staff()
    if areAllThere {
      expectMembers()
      instructAll()
    }
    return true
  }

  /// A worker that says only what it is, but never follows what it is told, hears nothing: it would keep what it is
  /// given for ever.
  private mutating func confirm(_ status: Status, of id: WorkerID) {
    guard status.coordinator == session, let worker = workers[id] else { return }
    let isUnreached = status.millisecondsSinceOrders > limits.silence / 2
    workers[id]!.unreachedSince = isUnreached ? worker.unreachedSince ?? now : nil
    if let orders = worker.unconfirmed, status.orders >= orders.number {
      workers[id]!.unconfirmed = status.orders >= worker.orders.number ? nil : (worker.orders.number, now)
    }
    // Of one that is back, it is known only when it has been told something.
    guard workers[id]!.unconfirmed == nil, worker.orders.number > 0, deaf.remove(id) != nil else { return }
    slowness[id, default: Backoff()].noteRequest()
    staff()
  }

  /// Workers that receive what they are sent. Others could do a job only if their link were repaired, which may never
  /// happen.
  private var reachableWorkers: [WorkerID] { workers.keys.filter { !deaf.contains($0) } }

  /// Whether a worker that sends its status receives nothing: it does not confirm its orders, or all that it has sent for
  /// the timeout says that no orders arrive. It would do nothing that it is asked for.
  func isDeaf(_ worker: WorkerRecord, _ id: WorkerID) -> Bool {
    guard let since = worker.unconfirmed?.since ?? worker.unreachedSince else { return false }
    return now - since > slowness[id, default: Backoff()].wait(limits.silence)
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
    withdraw(id)
    guard let index = self.index(ofJob: job) else { return }
    let assignment = assignments[index]
    let canNobody =
      assignment.team == nil
      ? !isAwaiting && reachableWorkers.allSatisfy { assignment.barred[$0] != nil } : assignment.workers.isEmpty
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
    case .silent:
      let last = min(now, worker.lastSeen + limits.heartbeat)
      // The timeout itself is no time in which the worker is known to have run.
      statistics.subtract(time: now - last)
      // A worker that has sent nothing since it was given its work may have crashed before.
      if worker.lastSeen > worker.givenAt { end = last }
    case .deaf, .leaving, .unfit: break
    }
    withdraw(id, crash: end.map { Crash(at: $0, worker) })
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
    guard !isAwaiting, let left = reachableWorkers.min() else { return }
    for assignment in assignments where assignment.workers.isEmpty {
      guard let reason = assignment.barred[left], reachableWorkers.allSatisfy({ assignment.barred[$0] != nil }),
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
      assignments[index].noteCrash(of: id, crash, limits: limits, at: now, &statistics)
    else { return }
    let others = assignments.indices.flatMap { accidents(of: $0, exceptOf: $0 == index) }
    if statistics.condemn(assignments[index].accidents, others: others) { assignments[index].condemnedAt = now }
  }

  private mutating func judge(_ chunk: UInt64, of index: Int) {
    let others = assignments.indices.flatMap { accidents(of: $0, except: $0 == index ? chunk : nil) }
    guard statistics.condemn(assignments[index].pool!.accidents(of: chunk), others: others) else { return }
    assignments[index].pool!.condemn(chunk, at: now)
  }

  /// Of work that is not done.
  private func accidents(of index: Int, except chunk: UInt64? = nil, exceptOf isExcepted: Bool = false) -> [Accidents] {
    if let pool = assignments[index].pool { return pool.accidents(except: chunk) }
    return isExcepted || assignments[index].accidents.count == 0 ? [] : [assignments[index].accidents]
  }

  /// Quarantines what was condemned so long ago that its victims, if they were but cut off, would have come back.
  mutating func quarantine() {
    let before = now - limits.silence
    for job in assignments.map(\.job.id) {
      guard let index = index(ofJob: job) else { continue }
      for chunk in assignments[index].pool?.quarantine(condemnedBefore: before, &statistics) ?? [] {
        actions.append(.note(.setAside(chunk, job: job, reason: Self.quarantineReason)))
      }
      endIfFinished(job)
      if let index = self.index(ofJob: job), let time = assignments[index].condemnedAt, time <= before {
        statistics.noteQuarantined(assignments[index].accidents)
        end(index, .givenUp(reason: Self.quarantineReason))
      }
    }
  }

  /// Without a number: the same fit has the same reason, by however many workers it was tried.
  private static let quarantineReason =
    "its workers crash each time, also one that had been running well and had nothing else in hand"
}
