/// Workers that join, report their status, and leave.
extension Coordinator {
  mutating func handle(_ status: WorkerStatus, from id: WorkerID) {
    if let known = workers[id] {
      guard status.number > known.status else { return }
    } else {
      guard !status.leaving, admit(id, status.profile) else { return }
    }
    workers[id]!.lastSeen = now
    workers[id]!.status = status.number
    // Bounded, so that sums cannot overflow.
    workers[id]!.tasksDone = Int(min(status.tasksDone, 1 << 40))
    if status.leaving { return lose(id, .leaving) }
    acknowledge(status, of: id)
    if status.hasError, isCurrent(status, of: id), let index = index(of: id) {
      exclude(id, from: index, status.error)
    }
    if status.hasMembership { handle(status.membership, of: id) }
    instruct(id)
  }

  private mutating func admit(_ id: WorkerID, _ profile: Profile) -> Bool {
    if let reason = refusal(of: id, profile) {
      actions.append(.refuse(id, reason: reason))
      return false
    }
    workers[id] = WorkerRecord(profile: profile, lastSeen: now, status: 0, joinTime: now)
    lostWorkers[id] = nil
    statistics.noteReturn(of: id)
    for index in assignments.indices { assignments[index].noteReturn(of: id) }
    if !unresponsive.contains(id) { actions.append(.note(.joined(id, profile))) }
    assignAwaitedWorkers()
    return true
  }

  /// Assigns workers after one has become available. If it is the last one that was awaited, work begins.
  private mutating func assignAwaitedWorkers() {
    let isLastAwaited = awaitWorkers()
    assignWorkers()
    if isLastAwaited {
      expectMembers()
      instructAll()
    }
  }

  /// Notes which orders the worker has acknowledged. A worker that reports its status but never acknowledges its orders
  /// does not receive them, and would keep its chunks forever.
  private mutating func acknowledge(_ status: WorkerStatus, of id: WorkerID) {
    guard status.coordinator == session, let worker = workers[id] else { return }
    let isUnreached = status.millisecondsSinceOrders > limits.workerTimeout / 2
    workers[id]!.unreachedSince = isUnreached ? worker.unreachedSince ?? now : nil
    if let orders = worker.unacknowledged, status.orders >= orders.number {
      workers[id]!.unacknowledged = status.orders >= worker.orders.number ? nil : (worker.orders.number, now)
    }
    // A worker that has reconnected is responsive again only once it has acknowledged orders of this connection.
    guard workers[id]!.unacknowledged == nil, worker.orders.number > 0, unresponsive.remove(id) != nil else { return }
    actions.append(.note(.joined(id, worker.profile)))
    acknowledgmentBackoffs[id, default: Backoff()].noteRequest()
    assignAwaitedWorkers()
  }

  /// The workers that receive their orders. The others could work only if their links were repaired, which may never
  /// happen.
  var responsiveWorkers: [WorkerID] { workers.keys.filter { !unresponsive.contains($0) } }

  /// Returns whether a worker sends its status but receives nothing: it does not acknowledge its orders, or all its
  /// statuses within the timeout report that no orders arrive. Such a worker never sends a lost result again.
  func isUnresponsive(_ worker: WorkerRecord, _ id: WorkerID) -> Bool {
    guard let since = [worker.unacknowledged?.since, worker.unreachedSince].compactMap({ $0 }).min() else {
      return false
    }
    return now - since > acknowledgmentBackoffs[id, default: Backoff()].wait(limits.workerTimeout)
  }

  private func refusal(of id: WorkerID, _ profile: Profile) -> String? {
    if profile.numerics == numerics { return expelled[id] }
    return """
      its numerics version \(profile.numerics) differs from the coordinator's version \(numerics); install the same \
      version of Atelier on both hosts
      """
  }

  /// Returns whether the worker followed its newest orders when it sent the status.
  private func isCurrent(_ status: WorkerStatus, of id: WorkerID) -> Bool {
    status.coordinator == session && status.orders == workers[id]?.orders.number
  }

  /// Excludes a worker that has reported that it cannot do its job. The job ends if no worker of the cluster can do it.
  /// The job of a team also ends if all its workers report an error other than insufficient memory.
  private mutating func exclude(_ id: WorkerID, from index: Int, _ error: WorkError) {
    let job = assignments[index].job.id
    actions.append(.note(.lost(id, .excluded(reason: error.reason))))
    assignments[index].exclude(
      id, error.insufficientMemory ? .insufficientMemory : .unable, reason: error.reason)
    withdraw(id)
    guard let index = self.index(ofJob: job) else { return }
    let assignment = assignments[index]
    if assignment.team != nil, !error.insufficientMemory, assignment.workers.isEmpty {
      return end(index, .impossible(reason: error.reason))
    }
    readmitExcluded()
  }

  /// Removes a worker that was lost.
  /// - Parameter loss: After a closed connection or a timeout the worker may have crashed, or may reconnect; a worker
  ///   that reconnects is removed from the failures of its work. Therefore no task is quarantined at once
  ///   (``quarantine()``).
  mutating func lose(_ id: WorkerID, _ loss: Loss) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    actions.append(.note(.lost(id, loss)))
    var end: Milliseconds?
    switch loss {
    case .disconnected: end = now
    case .silent:
      let last = min(now, worker.lastSeen + limits.heartbeat)
      // The worker is not known to have run during the timeout.
      statistics.subtract(time: now - last)
      // A worker that has sent nothing since it got its work may have crashed before.
      if worker.lastSeen > worker.startTime { end = last }
    case .unresponsive, .leaving, .excluded: break
    }
    if loss != .leaving { lostWorkers[id] = now }
    let wasResponsive = loss == .unresponsive || !unresponsive.contains(id)
    withdraw(id, crash: end.map { Crash(at: $0, worker) })
    readmitExcluded()
    if wasResponsive { noteIfNoWorkersLeft() }
  }

  /// Notes that a job waits because there is no worker for it.
  mutating func noteIfNoWorkersLeft() {
    if responsiveWorkers.isEmpty, !assignments.isEmpty { actions.append(.note(.noWorkersLeft)) }
  }

  /// Lets jobs that have lost all their workers use the workers that were excluded because of a broken link. Ends the
  /// jobs that none of the remaining workers can do.
  mutating func readmitExcluded() {
    for index in assignments.indices where assignments[index].workers.isEmpty {
      assignments[index].readmitUnlinked()
    }
    assignWorkers()
    endExcluded()
  }

  /// Ends the jobs that none of the workers can do, and quarantines the chunks for which none has enough memory.
  private mutating func endExcluded() {
    // A worker that is still awaited may be able to do the job.
    guard !isAwaiting else { return }
    for assignment in assignments {
      guard let index = index(ofJob: assignment.job.id) else { continue }
      guard assignment.workers.isEmpty, let end = assignment.endIfExcluded(responsiveWorkers) else {
        quarantineRefused(of: index)
        endIfFinished(assignment.job.id)
        continue
      }
      // A lost worker, which may have more memory than the others, may still reconnect.
      if assignment.lacksMemory, lostWorkers.keys.contains(where: { assignment.excluded[$0] == nil }) { continue }
      self.end(index, end)
    }
  }

  /// The loss of a worker that may have crashed.
  struct Crash {
    /// The times of the crash, of the start of the chunk or training that the worker computed, and of its joining.
    let time, startTime, joinTime: Milliseconds

    init(at time: Milliseconds, _ worker: WorkerRecord) {
      (self.time, startTime, joinTime) = (time, worker.startTime, worker.joinTime)
    }
  }

  /// Takes a worker from its job. Its chunks are given to other workers.
  mutating func withdraw(_ id: WorkerID, crash: Crash? = nil) {
    guard let index = index(of: id), assignments[index].remove(id) else {
      if crash != nil { statistics.noteUnrelatedLoss(of: id, at: now, window: limits.heartbeat) }
      return
    }
    workers[id]?.forgetJob()
    let job = assignments[index].job.id
    if assignments[index].pool != nil {
      let exposure = crash.map { $0.time - $0.startTime }
      let suspect = assignments[index].pool!.remove(
        id, exposure: exposure, at: now, window: limits.heartbeat, &statistics)
      if let suspect { assess(suspect, of: index) }
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
    let others = assignments.indices.flatMap { failures(of: $0, isExcluded: $0 == index) }
    if statistics.isSignificant(trainingFailures(of: index), others: others) {
      assignments[index].quarantinePendingSince = now
    }
  }

  /// Schedules the quarantine of a chunk if its failures are significant.
  private mutating func assess(_ chunk: UInt64, of index: Int) {
    let others = assignments.indices.flatMap { failures(of: $0, except: $0 == index ? chunk : nil) }
    guard statistics.isSignificant(assignments[index].pool!.failures(of: chunk), others: others) else { return }
    assignments[index].pool!.scheduleQuarantine(of: chunk, at: now)
  }

  /// The failures of the unfinished work of a job.
  /// - Parameters:
  ///   - chunk: A chunk to leave out.
  ///   - isExcluded: Whether to leave out the training.
  private func failures(
    of index: Int, except chunk: UInt64? = nil, isExcluded: Bool = false
  ) -> [FailureHistory] {
    if let pool = assignments[index].pool { return pool.failures(except: chunk) }
    return isExcluded || assignments[index].failures.count == 0 ? [] : [trainingFailures(of: index)]
  }

  /// The failures of a training since its newest step, with the time of the workers that have survived.
  private func trainingFailures(of index: Int) -> FailureHistory {
    var failures = assignments[index].failures
    failures.survivorTime = assignments[index].runningTime(startTimes: workers.mapValues(\.startTime), at: now)
    return failures
  }

  /// Quarantines the work whose quarantine has been pending for the worker timeout: a lost worker that was only
  /// disconnected would have reconnected by now.
  mutating func quarantine() {
    let before = now - limits.workerTimeout
    for job in assignments.map(\.job.id) {
      guard let index = index(ofJob: job) else { continue }
      for chunk in assignments[index].pool?.quarantine(pendingSince: before, &statistics) ?? [] {
        actions.append(.note(.quarantined(chunk, job: job, reason: Self.quarantineReason)))
      }
      endIfFinished(job)
      if let index = self.index(ofJob: job), let time = assignments[index].quarantinePendingSince, time <= before {
        statistics.noteQuarantined(trainingFailures(of: index))
        end(index, .abandoned(reason: Self.quarantineReason))
      }
    }
  }

  /// Without the number of crashes, so that the text does not depend on the number of workers.
  private static let quarantineReason =
    "its workers crash each time, including one that had run without failure and had no other task"
}
