internal import Coordination

/// What the thread that computes tells the one that talks with the coordinator.
enum WorkerReport: Sendable {
  /// `failure` says why there are no bytes. The first `checked` bytes are what any other worker would have come to.
  case chunkEnded(UInt64, job: UInt64, bytes: [UInt8], checked: Int, milliseconds: Int, failure: String)
  case progress(tasks: Int)
  case membership(Membership)
  case checkpoint(Checkpoint, bytes: [UInt8])
  case jobFailed(job: UInt64, reason: String)
}

/// What the thread that talks with the coordinator wants of the one that computes.
enum WorkerCommand: Sendable {
  case prepare(Job)
  case drop
  case start(Chunk)
  case cancel(chunk: UInt64)
  case follow(Group)
  case end

  /// Whether the chunk, which was started before, is worth nothing any more.
  func cancels(chunk: UInt64) -> Bool {
    if case .cancel(chunk) = self { true } else { endsJob }
  }

  var isFollow: Bool { if case .follow = self { true } else { false } }

  /// Whether the job is over for this worker.
  var endsJob: Bool {
    switch self {
    case .drop, .end: true
    case .prepare, .start, .cancel, .follow: false
    }
  }
}
