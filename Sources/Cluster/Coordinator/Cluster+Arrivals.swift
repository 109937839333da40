internal import Compute
internal import Coordination
internal import Models
internal import SwiftProtobuf
internal import Transport

/// Receives results and checkpoints. Their bytes are checked and decoded before the coordinator handles them, so that
/// an unusable result is attributed to its sender and computed again.
extension Cluster {
  /// A result or checkpoint that has been checked.
  struct Arrival {
    let worker: WorkerID
    let byteCount: Int
    /// The time that the worker needed.
    var milliseconds = 0
    /// Stores the decoded content.
    var keep: () throws -> Void = {}
  }

  /// Handles a worker's announcement of bytes. If they are few, they are part of the same message.
  func receive(_ subject: Uploads.Subject, from worker: WorkerID, body: Frame?) {
    guard isWanted(subject, from: worker) else {
      // A second result of the same tasks must still be equal to the first.
      if case .result(let result) = subject { perform(coordinator.handle(.result(result), from: worker, at: now)) }
      return
    }
    guard subject.bytes.count <= BytesDigest.maxMessageSize else { return uploads.begin(subject, from: worker) }
    guard let body else { return reject(worker, subject, "the message has no content") }
    body.withBytes { accept(subject, from: worker, $0) }
  }

  /// Handles a part of an upload.
  func receive(_ part: BlobPart, from worker: WorkerID, body: Frame) {
    guard let (subject, bytes) = body.withBytes({ uploads.take(part, from: worker, $0) }) else { return }
    guard isWanted(subject, from: worker) else { return receive(subject, from: worker, body: nil) }
    bytes.withUnsafeBytes { accept(subject, from: worker, $0) }
  }

  /// Requests the parts that are due.
  func requestUploads() {
    let due = uploads.requests(at: now, timeout: settings.limits.retryInterval) { isWanted($0, from: $1) }
    for (worker, request) in due {
      if let route = routes[worker] { send(to: route) { $0.uploadRequest = request } }
    }
  }

  private func isWanted(_ subject: Uploads.Subject, from worker: WorkerID) -> Bool {
    guard run != nil else { return false }
    return switch subject {
    case .result(let result): coordinator.openChunk(of: result, from: worker) != nil
    case .checkpoint(let checkpoint): coordinator.wants(checkpoint, from: worker)
    }
  }

  private func accept(_ subject: Uploads.Subject, from worker: WorkerID, _ bytes: UnsafeRawBufferPointer) {
    guard let run else { return }
    guard subject.bytes.matches(bytes) else {
      return reject(worker, subject, "the received bytes do not match the announced digest")
    }
    var arrival = Arrival(worker: worker, byteCount: bytes.count)
    do {
      switch subject {
      case .result(let result):
        guard let chunk = coordinator.openChunk(of: result, from: worker) else { return }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<run.checkedCount(bytes)])
        guard checksum(of: checked) == [UInt8](result.digest) else {
          return reject(worker, subject, "its digest does not match its content")
        }
        arrival.milliseconds = Int(result.milliseconds)
        arrival.keep = try run.read(chunk, result.job, bytes)
        perform(coordinator.handle(.result(result), from: worker, at: now), of: arrival)
      case .checkpoint(var checkpoint):
        // The digest is computed from the received state, not taken from the message.
        checkpoint.digest = digest(of: bytes, step: checkpoint.step, job: checkpoint.job)
        arrival.keep = try run.readCheckpoint(checkpoint, bytes)
        perform(coordinator.handle(.checkpoint(checkpoint), from: worker, at: now), of: arrival)
      }
    } catch {
      reject(worker, subject, "\(error)")
    }
  }

  private func reject(_ worker: WorkerID, _ subject: Uploads.Subject, _ reason: String) {
    switch subject {
    case .result(let result):
      perform(coordinator.reject(result, from: worker, reason: reason, at: now))
    case .checkpoint(let checkpoint):
      perform(coordinator.reject(checkpoint, from: worker, reason: reason, at: now))
    }
  }
}
