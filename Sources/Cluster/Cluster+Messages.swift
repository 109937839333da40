internal import Compute
internal import Coordination
internal import Foundation
internal import Models
internal import SwiftProtobuf
internal import Transport

/// What the coordinator's process receives and sends: messages become events, and actions become messages.
extension Cluster {
  /// Messages that are looked at before orders are sent.
  private static let mostAtOnce = 64
  private static let mostNames = 1_000

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
    while count < Self.mostAtOnce, let frames = router.receive(frames: 3) {
      count += 1
      // A connection that is closed may have left its number to the one that this message came by.
      noteClosedConnections()
      guard frames.count >= 2, let message: WorkerMessage = MessageCodec.decode(frames[1]) else {
        strangers.note(.message, of: frames.last?.peerAddress)
        continue
      }
      receive(message, from: frames[0], frames[1], body: frames.count > 2 ? frames[2] : nil)
    }
    noteClosedConnections()
    if run?.ended.isEmpty == false { goOn() }
    grow()
    return count == Self.mostAtOnce
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
      case .failed: strangers.note(.handshake, of: nil)
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
    case .result(let result):
      if body != nil || !result.failure.isEmpty {
        let actions = coordinator.handle(.result(result), from: worker, at: now)
        perform(actions, of: worker, body, milliseconds: Int(result.milliseconds))
      }
    case .checkpoint(let checkpoint):
      if body != nil { perform(coordinator.handle(.checkpoint(checkpoint), from: worker, at: now), of: worker, body) }
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
    case nil: strangers.note(.message, of: frame.peerAddress)
    }
  }

  /// Why other workers could not reach this one; nil if they can, for all that is known.
  private func fault(of profile: Profile) -> String? {
    // Within the process there are no others.
    if settings.isOneProcess { return nil }
    do throws(TransportError) {
      _ = try ExchangeLinks.way(to: profile.exchangeEndpoint, key: profile.exchangeKey, keys: settings.keys?.own)
      return nil
    } catch { return "other workers cannot reach it: \(error)" }
  }

  /// All members tell of the end of an epoch; it is news once.
  private func noteEpoch(_ membership: Membership) {
    let progress = membership.progress
    guard let run, run.teams == nil, membership.job == coordinator.lastJob, progress.validationAccuracy >= 0,
      progress.epoch > run.lastEpoch
    else { return }
    self.run!.lastEpoch = Int(clamping: progress.epoch)
    self.run!.epochEnds.append(FitProgress(progress))
  }

  // MARK: What goes

  /// - Parameter milliseconds: that the worker took for what `body` is
  func perform(
    _ actions: [Coordinator.Action], of worker: WorkerID = 0, _ body: Frame? = nil, milliseconds: Int = 0
  ) {
    for action in actions {
      switch action {
      case .send(let orders, let receiver):
        unsentOrders[receiver] = orders
      case .refuse(let receiver, let reason):
        if let route = routes[receiver] { send(to: route) { $0.refusal.reason = reason } }
      case .keepResult(let chunk, let job):
        let number = run?.teams?.numbers[job]
        if number == nil { run?.rates.note(chunk, by: worker) }
        timeline.note(
          chunk, of: number.map { "judging number \($0): blocks" } ?? run?.unit.rawValue ?? "units", by: worker,
          seconds: Double(milliseconds) / 1_000, byteCount: body?.count ?? 0, at: seconds)
        if let body { attempt { run in try body.withBytes { try run.keep(chunk, job, $0) } } }
      case .keepCheckpoint(let checkpoint):
        if let body { attempt { run in try body.withBytes { try run.keepCheckpoint(checkpoint, $0) } } }
        run?.hasCheckpointed = true
      case .note(let note):
        if case .joined(let joined, let profile) = note {
          if names.count >= Self.mostNames { names = names.filter { routes[$0.key] != nil } }
          names[joined] = "\(profile.host), process \(profile.process)"
          timeline.join(joined, profile)
        }
        if let text = describe(note) { tell(text, isFault: note.isFault) }
        if case .setAside(let chunk, let job, let reason) = note {
          localWorkers?.forgiveDeaths()
          setAsideReasons[run?.teams == nil ? chunk.id : job] = reason
          attempt { run in try run.growth?.setAside(chunk, reason) }
        }
        if case .lost(let lost, let loss) = note, loss == .leaving || loss == .silent || loss == .disconnected {
          routes[lost] = nil
        }
      case .end(let end, let job):
        if case .givenUp = end { localWorkers?.forgiveDeaths() }
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

  func tell(_ text: String, isFault: Bool) {
    log(text)
    timeline.note(text, isFault: isFault, at: seconds)
  }

  private func send(to route: Frame, _ body: Frame? = nil, _ fill: (inout CoordinatorMessage) -> Void) {
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
    return note.text(name: { names[$0] ?? "a worker" }, tensorName: run?.tensorName ?? { index, _ in "\(index)" })
  }
}
