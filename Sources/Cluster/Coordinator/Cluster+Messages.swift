internal import Compute
internal import Coordination
internal import Foundation
internal import Models
internal import Progress
internal import SwiftProtobuf
internal import Transport

/// Translates messages into events of the ``Coordinator``, and its actions into messages.
extension Cluster {
  /// The maximum number of messages that are handled before orders are sent.
  private static let maxMessagesPerPass = 64
  private static let maxNames = 1_000

  // MARK: Receiving

  /// Handles the messages that arrived while this process was suspended, before any timeout is evaluated.
  /// - Parameter milliseconds: The time after which further messages are left for later.
  func drain(atMost milliseconds: Milliseconds) {
    let end = now + milliseconds
    while receive(), now < end {}
  }

  /// Handles messages that have arrived.
  /// - Returns: Whether there may be more.
  @discardableResult func receive() -> Bool {
    isReceiving = true
    var count = 0
    defer {
      isReceiving = false
      sendOrders()
    }
    while count < Self.maxMessagesPerPass, let frames = router.receive(frames: 4, isTruncated: true) {
      count += 1
      // The number of a closed connection may have been reused by the connection of this message.
      noteConnections()
      switch frames.last?.sender {
      case .guest(let guest):
        receive(fromGuest: guest, frames)
        continue
      case .worker(let key) where !admitted.contains(key):
        closeRevoked(frames)
        continue
      case .worker, nil: break
      }
      if let connection = frames.last?.connection { guests.noteWorker(connection) }
      guard (2...3).contains(frames.count), let message: WorkerMessage = MessageCodec.decode(frames[1]) else {
        unknownPeers.note(.message, of: frames.last?.peerAddress)
        continue
      }
      receive(message, from: frames[0], frames[1], body: frames.count > 2 ? frames[2] : nil)
    }
    noteConnections()
    requestUploads()
    if run?.ended.isEmpty == false { advanceTeams() }
    grow()
    return count == Self.maxMessagesPerPass
  }

  private func noteConnections() {
    while let event = monitor.next() {
      switch event {
      case .accepted(let connection): guests.noteOpened(connection, at: now)
      case .closed(let connection):
        guests.noteClosed(connection)
        if let worker = connections.close(connection) {
          // Refused workers have a route as well.
          routes[worker] = nil
          perform(coordinator.handle(.disconnected, from: worker, at: now))
        }
      case .failed: unknownPeers.note(.handshake, of: nil)
      // Access control reports refusals, with the peer's address.
      case .refused, .ended, .ready: break
      }
    }
  }

  private func receive(_ message: WorkerMessage, from route: Frame, _ frame: Frame, body: Frame?) {
    guard message.protocol == MessageCodec.version else {
      let reason =
        """
        unsupported protocol version \(message.protocol) (the coordinator uses version \(MessageCodec.version)): \
        install the same version of Atelier on both hosts
        """
      return send(to: route) { $0.refusal.reason = reason }
    }
    let worker = message.worker
    switch message.body {
    case .status(let status):
      if let reason = fault(of: status.profile) { return send(to: route) { $0.refusal.reason = reason } }
      guard connections.note(worker, by: frame.connection, route: route.array) else { return }
      guard admits(worker, status) else { return }
      routes[worker] = route
      perform(coordinator.handle(.status(status), from: worker, at: now))
      noteEpoch(status.membership)
    case .result(let result): receive(.result(result), from: worker, body: body)
    case .checkpoint(let checkpoint): receive(.checkpoint(checkpoint), from: worker, body: body)
    case .uploadPart(let part): if let body { receive(part, from: worker, body: body) }
    case .blobRequest(let request):
      guard let (part, bytes) = server.answer(request) else { return }
      send(to: route, bytes) { $0.blobPart = part }
    case .probe(let probe): answer(probe, to: route)
    // A listed worker has nothing to enroll.
    case .enrollment: unknownPeers.note(.message, of: frame.peerAddress)
    case nil: unknownPeers.note(.message, of: frame.peerAddress)
    }
  }

  /// Whether a worker may work now. A spare gets no orders, and reports its status until another worker is lost.
  private func admits(_ worker: WorkerID, _ status: WorkerStatus) -> Bool {
    guard let most = settings.maxWorkers, !status.leaving else { return true }
    guard coordinator.workerCount >= most, !coordinator.overview.contains(where: { $0.id == worker }) else {
      spares.remove(worker)
      return true
    }
    if spares.count < Self.maxNames, spares.insert(worker).inserted {
      report(
        """
        spare: \(status.profile.host), process \(status.profile.process), waits until one of the \(most) workers \
        (--max-workers) is lost
        """, isFault: false)
    }
    return false
  }

  private func answer(_ probe: Probe, to route: Frame) {
    let echo = probe.echo > 0 ? Frame([UInt8](repeating: 0, count: Int(probe.echo))) : nil
    let endpoints = coordinator.overview.map(\.profile.exchangeEndpoint)
    send(to: route, echo) {
      $0.probeAnswer = ProbeAnswer.with {
        ($0.clock, $0.version) = (UInt64(Date().timeIntervalSince1970 * 1_000_000), atelierVersion)
        ($0.numerics, $0.exchangeEndpoints) = (numericsVersion, Array(endpoints.prefix(64)))
      }
    }
  }

  /// Returns the digest of a network's state, or 0 if the bytes are not a state of the network.
  func digest(of bytes: UnsafeRawBufferPointer, step: UInt64, job: UInt64) -> UInt64 {
    guard !settings.isOneProcess, let plan = run?.plan(job),
      let file = try? SafetensorsFile(bytes: bytes, name: "a worker's checkpoint"),
      let digests = plan.digests(ofState: file.tensors)
    else { return 0 }
    return StateName(step: step, tensors: digests).digest
  }

  /// Returns why other workers could not connect to this one, or nil if no reason is known.
  private func fault(of profile: Profile) -> String? {
    // A single process has no other workers.
    if settings.isOneProcess { return nil }
    do throws(TransportError) {
      _ = try ExchangeLinks.resolvePeer(profile.exchangeEndpoint, key: profile.exchangeKey, keys: keys?.own)
      return nil
    } catch { return "other workers cannot connect to it: \(error)" }
  }

  /// Records the end of an epoch once, although all members report it.
  private func noteEpoch(_ membership: Membership) {
    let progress = membership.progress
    guard let run, run.teams == nil, coordinator.trainsOneNetwork, membership.job == coordinator.lastJob,
      progress.validationAccuracy >= 0,
      progress.epoch > run.lastEpoch
    else { return }
    self.run!.lastEpoch = Int(clamping: progress.epoch)
    self.run!.epochEnds.append(FitProgress(progress))
  }

  // MARK: Sending

  /// Carries out actions of the coordinator.
  /// - Parameter arrival: The result or checkpoint that the actions refer to, if any.
  func perform(_ actions: [Coordinator.Action], of arrival: Arrival? = nil) {
    for action in actions {
      switch action {
      case .send(let orders, let receiver):
        unsentOrders[receiver] = orders
      case .refuse(let receiver, let reason):
        if let route = routes[receiver] { send(to: route) { $0.refusal.reason = reason } }
      case .keepResult(let chunk, let job):
        let number = run?.teams?.numbers[job]
        guard let arrival else { break }
        if number == nil { run?.rates.note(chunk, by: arrival.worker) }
        timeline.note(
          chunk, of: number.map { "evaluating number \($0): blocks" } ?? run?.unit.rawValue ?? "tasks",
          by: arrival.worker, seconds: Double(arrival.milliseconds) / 1_000, byteCount: arrival.byteCount, at: seconds)
        attempt { _ in try arrival.keep() }
      case .keepCheckpoint:
        if let arrival { attempt { _ in try arrival.keep() } }
      case .note(let note):
        if case .joined(let joined, let profile) = note {
          if names.count >= Self.maxNames { names = names.filter { routes[$0.key] != nil } }
          names[joined] = "\(profile.host), process \(profile.process)"
          timeline.join(joined, profile)
        }
        if let text = describe(note) { report(text, isFault: note.isFault) }
        if case .quarantined(let chunk, let job, let reason) = note {
          localWorkers?.forgiveCrashes()
          quarantineReasons[run?.teams == nil ? chunk.id : job] = reason
          attempt { run in try run.growth?.onQuarantine(chunk, reason) }
        }
        if case .lost(let lost, let loss) = note, loss == .leaving || loss == .silent || loss == .disconnected {
          routes[lost] = nil
        }
      case .end(let end, let job):
        if case .abandoned = end { localWorkers?.forgiveCrashes() }
        if run?.teams == nil { run?.end = end } else { run?.ended.append((job, end)) }
      }
    }
    if !isReceiving { sendOrders() }
  }

  private func sendOrders() {
    for (receiver, orders) in unsentOrders.sorted(by: { $0.key < $1.key }) {
      if let route = routes[receiver] { send(to: route) { $0.orders = orders } }
    }
    unsentOrders = [:]
  }

  func report(_ text: String, isFault: Bool) {
    log(text)
    timeline.note(text, isFault: isFault, at: seconds)
  }

  func send(to route: Frame, _ body: Frame? = nil, _ fill: (inout CoordinatorMessage) -> Void) {
    var message = CoordinatorMessage.with {
      $0.protocol = MessageCodec.version
      $0.coordinator = coordinator.session
    }
    fill(&message)
    router.send([route, MessageCodec.encode(message)] + (body.map { [$0] } ?? []))
  }

  private func describe(_ note: Coordinator.Note) -> String? {
    // A single process does not report its only worker.
    if settings.isOneProcess { return nil }
    // Teams form and dissolve all the time.
    if case .begun = note, run?.teams != nil { return nil }
    return note.text(name: { names[$0] ?? "a worker" }, tensorName: tensorName(ofDigest:of:))
  }

  private func tensorName(ofDigest index: Int, of job: UInt64) -> String {
    run?.plan(job)?.tensorName(ofDigest: index) ?? "\(index)"
  }
}
