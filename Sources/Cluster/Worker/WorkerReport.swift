internal import Coordination

/// A report of the computing thread to the communication thread.
enum WorkerReport: Sendable {
  /// A chunk has ended. `error` is set if there are no bytes. The first `checked` bytes are the same whichever
  /// worker computes them.
  case chunkEnded(UInt64, job: UInt64, bytes: [UInt8], checked: Int, milliseconds: Int, error: WorkError?)
  case progress(tasks: Int)
  case membership(Membership)
  case checkpoint(Checkpoint, bytes: [UInt8])
  case jobFailed(job: UInt64, WorkError)
}

/// A command of the communication thread to the computing thread.
enum WorkerCommand: Sendable {
  case prepare(Job)
  case drop
  case start(Chunk)
  case cancel(chunk: UInt64)
  case follow(Group)
  case end

  /// Whether the command makes the result of a started chunk useless.
  func cancels(chunk: UInt64) -> Bool {
    if case .cancel(chunk) = self { true } else { endsJob }
  }

  var isFollow: Bool { if case .follow = self { true } else { false } }

  /// Whether the command ends the job for this worker.
  var endsJob: Bool {
    switch self {
    case .drop, .end: true
    case .prepare, .start, .cancel, .follow: false
    }
  }
}
