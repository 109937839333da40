internal import Compute
internal import Coordination
internal import Models
internal import SwiftProtobuf
internal import Transport

/// Results and checkpoints: their bytes are checked and read before the coordinator hears of them, so that what is of no use is blamed on the
/// worker that sent it, and done again.
extension Cluster {
  /// What has arrived and can be used.
  struct Arrival {
    let worker: WorkerID
    let byteCount: Int
    /// That the worker took.
    var milliseconds = 0
    /// Keeps what was read from the bytes.
    var keep: () throws -> Void = {}
  }

  /// A worker tells of bytes, which came in the same message if they are few.
  func receive(_ subject: Uploads.Subject, from worker: WorkerID, body: Frame?) {
    guard isWanted(subject, from: worker) else {
      // A second result of the same units must still be the same.
      if case .result(let result) = subject { perform(coordinator.handle(.result(result), from: worker, at: now)) }
      return
    }
    guard subject.bytes.count <= BytesDigest.maxMessageSize else { return uploads.begin(subject, from: worker) }
    guard let body else { return reject(worker, subject, "it came without its bytes") }
    body.withBytes { accept(subject, from: worker, $0) }
  }

  /// A part of an upload has come.
  func receive(_ part: BlobPart, from worker: WorkerID, body: Frame) {
    guard let (subject, bytes) = body.withBytes({ uploads.take(part, from: worker, $0) }) else { return }
    guard isWanted(subject, from: worker) else { return receive(subject, from: worker, body: nil) }
    bytes.withUnsafeBytes { accept(subject, from: worker, $0) }
  }

  /// Asks for the parts that are due.
  func requestUploads() {
    let due = uploads.requests(at: now, timeout: settings.limits.retry) { isWanted($0, from: $1) }
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
      return reject(worker, subject, "the bytes that arrived are not those that it announced")
    }
    var arrival = Arrival(worker: worker, byteCount: bytes.count)
    do {
      switch subject {
      case .result(let result):
        guard let chunk = coordinator.openChunk(of: result, from: worker) else { return }
        let checked = UnsafeRawBufferPointer(rebasing: bytes[..<run.checkedCount(bytes)])
        guard checksum(of: checked) == [UInt8](result.digest) else {
          return reject(worker, subject, "its digest is not that of its bytes")
        }
        arrival.milliseconds = Int(result.milliseconds)
        arrival.keep = try run.read(chunk, result.job, bytes)
        perform(coordinator.handle(.result(result), from: worker, at: now), of: arrival)
      case .checkpoint(var checkpoint):
        // What counts is the state that has arrived, not what its sender says of it.
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
