internal import Compute
internal import Coordination
internal import Foundation
internal import Models
internal import SwiftProtobuf
internal import Transport

/// What the coordinator's process receives and sends: messages become events, and actions become messages.
extension Cluster {
  /// Messages that are looked at before orders are sent.
  private static let maxMessagesPerPass = 64
  private static let maxNames = 1_000

  // MARK: What comes

  /// Takes all that has come while this process stood still, before anything is concluded from its age.
  /// - Parameter milliseconds: what comes on and on is not waited for any longer
  func drain(atMost milliseconds: Milliseconds) {
    let end = now + milliseconds
    while receive(), now < end {}
  }

  /// - Returns: whether there may be more.
  @discardableResult func receive() -> Bool {
    isReceiving = true
    var count = 0
    defer {
      isReceiving = false
      sendOrders()
    }
    while count < Self.maxMessagesPerPass, let frames = router.receive(frames: 3) {
      count += 1
      // A connection that is closed may have left its number to the one that this message came by.
      noteClosedConnections()
      guard frames.count >= 2, let message: WorkerMessage = MessageCodec.decode(frames[1]) else {
        unknownPeers.note(.message, of: frames.last?.peerAddress)
        continue
      }
      receive(message, from: frames[0], frames[1], body: frames.count > 2 ? frames[2] : nil)
    }
    noteClosedConnections()
    requestUploads()
    if run?.ended.isEmpty == false { advanceTeams() }
    grow()
    return count == Self.maxMessagesPerPass
  }

  private func noteClosedConnections() {
    while let event = monitor.next() {
      switch event {
      case .closed(let connection):
        if let worker = connections.close(connection) {
          // Also of one that was refused.
          routes[worker] = nil
          perform(coordinator.handle(.disconnected, from: worker, at: now))
        }
      case .failed: unknownPeers.note(.handshake, of: nil)
      // Access control knows more about who it was.
      case .refused, .ready: break
      }
    }
  }

  private func receive(_ message: WorkerMessage, from route: Frame, _ frame: Frame, body: Frame?) {
    guard message.protocol == MessageCodec.version else {
      let reason =
        """
        it speaks version \(message.protocol) of the protocol, the coordinator version \(MessageCodec.version): \
        install the same version of Atelier on both
        """
      return send(to: route) { $0.refusal.reason = reason }
    }
    let worker = message.worker
    switch message.body {
    case .status(let status):
      if let reason = fault(of: status.profile) { return send(to: route) { $0.refusal.reason = reason } }
      guard connections.note(worker, by: frame.connection, route: route.array) else { return }
      routes[worker] = route
      perform(coordinator.handle(.status(status), from: worker, at: now))
      noteEpoch(status.membership)
    case .result(let result): receive(.result(result), from: worker, body: body)
    case .checkpoint(let checkpoint): receive(.checkpoint(checkpoint), from: worker, body: body)
    case .uploadPart(let part): if let body { receive(part, from: worker, body: body) }
    case .blobRequest(let request):
      guard let (part, bytes) = server.answer(request) else { return }
      send(to: route, bytes) { $0.blobPart = part }
    case .probe:
      send(to: route) {
        $0.probeAnswer = ProbeAnswer.with {
          ($0.clock, $0.version) = (UInt64(Date().timeIntervalSince1970 * 1_000_000), atelierVersion)
          $0.numerics = numericsVersion
        }
      }
    case nil: unknownPeers.note(.message, of: frame.peerAddress)
    }
  }

  /// 0 for what is no state of the network.
  func digest(of bytes: UnsafeRawBufferPointer, step: UInt64, job: UInt64) -> UInt64 {
    guard !settings.isOneProcess, let plan = run?.plan(job),
      let file = try? SafetensorsFile(bytes: bytes, name: "a worker's checkpoint"),
      let digests = plan.digests(ofState: file.tensors)
    else { return 0 }
    return StateName(step: step, tensors: digests).digest
  }

  /// Why other workers could not reach this one; nil if they can, for all that is known.
  private func fault(of profile: Profile) -> String? {
    // Within the process there are no others.
    if settings.isOneProcess { return nil }
    do throws(TransportError) {
      _ = try ExchangeLinks.resolvePeer(profile.exchangeEndpoint, key: profile.exchangeKey, keys: keys?.own)
      return nil
    } catch { return "other workers cannot reach it: \(error)" }
  }

  /// All members tell of the end of an epoch; it is news once.
  private func noteEpoch(_ membership: Membership) {
    let progress = membership.progress
    guard let run, run.teams == nil, coordinator.trainsOneNetwork, membership.job == coordinator.lastJob,
      progress.validationAccuracy >= 0,
      progress.epoch > run.lastEpoch
    else { return }
    self.run!.lastEpoch = Int(clamping: progress.epoch)
    self.run!.epochEnds.append(FitProgress(progress))
  }

  // MARK: What goes

  /// - Parameter arrival: what the actions are about, where they are about any
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
          chunk, of: number.map { "judging number \($0): blocks" } ?? run?.unit.rawValue ?? "units",
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
        if case .setAside(let chunk, let job, let reason) = note {
          localWorkers?.forgiveCrashes()
          quarantineReasons[run?.teams == nil ? chunk.id : job] = reason
          attempt { run in try run.growth?.onQuarantine(chunk, reason) }
        }
        if case .lost(let lost, let loss) = note, loss == .leaving || loss == .silent || loss == .disconnected {
          routes[lost] = nil
        }
      case .end(let end, let job):
        if case .givenUp = end { localWorkers?.forgiveCrashes() }
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
    // Whoever works alone is nobody to be told about.
    if settings.isOneProcess { return nil }
    // Teams come together and part all the time.
    if case .begun = note, run?.teams != nil { return nil }
    return note.text(name: { names[$0] ?? "a worker" }, tensorName: tensorName(ofDigest:of:))
  }

  private func tensorName(ofDigest index: Int, of job: UInt64) -> String {
    run?.plan(job)?.tensorName(ofDigest: index) ?? "\(index)"
  }
}
