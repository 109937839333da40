internal import Compute
internal import Coordination
internal import Foundation
internal import SwiftProtobuf
internal import Transport

/// The communication thread of a worker: passes events to the ``Worker`` and carries out its actions.
final class WorkerLoop {
  private let socket: Socket
  private let monitor: ConnectionMonitor?
  private let computing: ComputeThread
  private let blobs: BlobStore
  private let cache: BlobCache?
  private let limits: Limits
  private let log: (String) -> Void
  private var worker: Worker
  private var downloads: [SHA256: BlobDownload] = [:]
  private var results: [UInt64: UnacknowledgedBytes] = [:]
  private var checkpoint: UnacknowledgedBytes?
  private var job: UInt64?
  /// Why the coordinator refuses this worker, if it does.
  private(set) var refusal: String?
  /// Whether the coordinator has ended the workers of its job.
  private var isRunOver = false
  private var wasConnected = false
  private var hasLoggedRefusedKey = false

  /// - Parameters:
  ///   - socket: A dealer socket that is connected to the coordinator.
  ///   - monitor: The socket's monitor; nil within a process.
  init(
    worker: Worker, socket: consuming Socket, monitor: consuming ConnectionMonitor?, computing: ComputeThread,
    blobs: BlobStore, cache: BlobCache?, limits: Limits, log: @escaping (String) -> Void
  ) {
    self.socket = socket
    self.monitor = monitor
    (self.worker, self.computing, self.blobs, self.cache) = (worker, computing, blobs, cache)
    (self.limits, self.log) = (limits, log)
  }

  /// Runs until `isEnding` returns true or the coordinator refuses the worker.
  func run(until isEnding: (_ isConnected: Bool) -> Bool) {
    while !isEnding(worker.isConnected), refusal == nil, !isRunOver {
      receive()
      while let report = computing.reports.next() { take(report) }
      fetch()
      perform(worker.tick(at: now))
      logConnectionChange()
      // Elements queued before the wait have triggered the descriptor already.
      socket.wait(milliseconds: downloads.isEmpty ? 50 : 5, descriptor: computing.reports.descriptor)
    }
    perform(worker.leave(at: now))
  }

  private var now: Milliseconds { monotonicMilliseconds() }

  private func logConnectionChange() {
    guard worker.isConnected != wasConnected else { return }
    wasConnected = worker.isConnected
    log(wasConnected ? "connected to the coordinator" : "lost the coordinator; waiting for it or another one")
  }

  // MARK: Receiving

  private func receive() {
    while let frames = socket.receive(frames: 2) {
      guard let first = frames.first, let message: CoordinatorMessage = MessageCodec.decode(first) else { continue }
      switch message.body {
      case .orders(let orders): handle(.orders(orders, coordinator: message.coordinator))
      case .refusal(let refusal) where refusal.ended: isRunOver = true
      case .refusal(let refusal): handle(.refusal(refusal.reason))
      case .blobPart(let part):
        worker.noteMessage(of: message.coordinator, at: now)
        if let name = SHA256(bytes: part.digest), frames.count == 2 {
          if part.total == 0, downloads[name] != nil { blobs.add(file: nil, name: name) }
          frames[1].withBytes { downloads[name]?.take(part, $0) }
        }
      case .uploadRequest(let request): answer(request)
      case .probeAnswer, .enrolled, nil: break
      }
    }
    while let event = monitor?.next() {
      switch event {
      case .closed: handle(.disconnected)
      case .failed, .refused, .ended: logRefusedKey()
      case .ready, .accepted: break
      }
    }
  }

  /// Logs a rejected key once, although the connection is retried continually.
  private func logRefusedKey() {
    guard !hasLoggedRefusedKey else { return }
    hasLoggedRefusedKey = true
    log(
      """
      the coordinator rejects this worker's key, or has another key than expected; run `atelier doctor --join` for a \
      diagnosis. The worker keeps trying
      """)
  }

  /// Sends a part of a result or checkpoint. Requests for unknown bytes are obsolete, and ignored.
  private func answer(_ request: BlobRequest) {
    let all = Array(results.values) + (checkpoint.map { [$0] } ?? [])
    guard let bytes = all.first(where: { $0.digest.digest == request.digest }), request.offset < bytes.digest.count,
      (1...UInt32(BytesDigest.maxMessageSize)).contains(request.count)
    else { return }
    let part = BlobPart.with {
      ($0.digest, $0.offset, $0.total) = (request.digest, request.offset, bytes.digest.count)
    }
    send(bytes.part(from: Int(request.offset), count: Int(request.count))) { $0.uploadPart = part }
  }

  private func take(_ report: WorkerReport) {
    switch report {
    case .chunkEnded(let chunk, let job, let bytes, let checked, let milliseconds, let error):
      // Chunk numbers are unique only within a job.
      guard job == self.job else { return }
      let own = UnacknowledgedBytes(bytes)
      results[chunk] = own
      let digest =
        checked == bytes.count
        ? [UInt8](own.digest.digest)
        : bytes.withUnsafeBytes { checksum(of: UnsafeRawBufferPointer(rebasing: $0[..<checked])) }
      handle(.chunkEnded(chunk, digest: digest, milliseconds: milliseconds, error: error))
    case .progress(let tasks): handle(.progress(tasks: tasks))
    case .membership(let membership): handle(.membership(membership))
    case .checkpoint(let checkpoint, let bytes):
      guard checkpoint.job == job else { return }
      self.checkpoint = UnacknowledgedBytes(bytes)
      handle(.checkpoint(checkpoint))
    case .jobFailed(let job, let error):
      log("cannot run the job: \(error.reason)")
      handle(.jobFailed(job: job, error))
    }
  }

  private func handle(_ event: Worker.Event) { perform(worker.handle(event, at: now)) }

  // MARK: Files

  private func fetch() {
    let wanted = blobs.wanted
    downloads = downloads.filter { wanted.contains($0.key) }
    for name in wanted {
      if downloads[name] == nil {
        if let bytes = cache?.load(name) {
          blobs.add(file: bytes, name: name)
          continue
        }
        downloads[name] = BlobDownload(name)
      }
      if let bytes = downloads[name]!.finish() {
        downloads[name] = nil
        // States of trainings are needed only once, and small files are downloaded as fast as they are read.
        if bytes.count >= BlobDownload.partSize, blobs.areImages(name) { cache?.save(bytes, name) }
        blobs.add(file: bytes, name: name)
        continue
      }
      for request in downloads[name]!.requests(at: now, timeout: limits.retryInterval) {
        send { $0.blobRequest = request }
      }
    }
  }

  // MARK: Sending

  private func perform(_ actions: [Worker.Action]) {
    for action in actions {
      switch action {
      case .send(let status): send { $0.status = status }
      case .sendResult(let result): send(result)
      case .sendCheckpoint(let checkpoint): send(checkpoint)
      case .prepare(let job):
        self.job = job.id
        computing.commands.post(.prepare(job))
      case .dropJob:
        (results, job) = ([:], nil)
        computing.commands.post(.drop)
      case .start(let chunk): computing.commands.post(.start(chunk))
      case .cancel(let chunk): computing.commands.post(.cancel(chunk: chunk))
      case .forget(let chunk): results[chunk] = nil
      case .forgetCheckpoint: checkpoint = nil
      case .follow(let group): if let group { computing.commands.post(.follow(group)) }
      case .end(let reason): refusal = reason
      }
    }
  }

  private func send(_ result: ChunkResult) {
    guard let bytes = results[result.chunk] else { return }
    send(bytes.whole) {
      $0.result = result
      $0.result.bytes = bytes.digest
    }
  }

  private func send(_ checkpoint: Checkpoint) {
    guard let bytes = self.checkpoint else { return }
    send(bytes.whole) {
      $0.checkpoint = checkpoint
      $0.checkpoint.bytes = bytes.digest
    }
  }

  private func send(_ body: Frame? = nil, _ fill: (inout WorkerMessage) -> Void) {
    var message = WorkerMessage.with {
      $0.protocol = MessageCodec.version
      $0.worker = worker.id
    }
    fill(&message)
    socket.send([MessageCodec.encode(message)] + (body.map { [$0] } ?? []))
  }
}

/// The content of a result or checkpoint, which is kept until the coordinator has it.
private struct UnacknowledgedBytes {
  private let bytes: [UInt8]
  let digest: BytesDigest

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    digest = bytes.withUnsafeBytes { BytesDigest(of: $0) }
  }

  /// The whole content as a frame; nil if it is too long for one message, so that the coordinator requests parts.
  var whole: Frame? { bytes.count <= BytesDigest.maxMessageSize ? Frame(bytes) : nil }

  func part(from offset: Int, count: Int) -> Frame { Frame(bytes[offset..<min(offset + count, bytes.count)]) }
}
