internal import Files
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline
internal import Progress
internal import Synchronization

/// The event log (`--events`): a file with one JSON object per line, written as events occur.
enum EventLog {
  private static let file = Mutex<Int32?>(nil)

  static var isOpen: Bool { file.withLock { $0 != nil } }

  /// Opens the event log: an existing pipe or device, or a file that events are appended to.
  /// - Throws: ``FileError/notCreated(path:reason:)``
  static func open(_ path: String) throws(FileError) {
    let special = try OutputPlace(path).open(as: path)
    let descriptor = if let special { special } else { try openFile(path) }
    file.withLock { $0 = descriptor }
  }

  private static func openFile(_ path: String) throws(FileError) -> Int32 {
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
    // A process that was killed may have left an incomplete line, which must not be continued.
    var (last, status) = (UInt8(0), stat())
    if fstat(descriptor, &status) == 0, status.st_size > 0, pread(descriptor, &last, 1, status.st_size - 1) == 1,
      last != UInt8(ascii: "\n")
    {
      _ = Foundation.write(descriptor, "\n", 1)
    }
    return descriptor
  }

  /// Writes an event. If that fails (a closed pipe or a full disk), the log is closed, and the command continues.
  static func write(_ event: some Encodable) {
    file.withLock { file in
      guard let descriptor = file, let line = try? encoder.encode(event) else { return }
      var bytes = [UInt8](line)[...] + [UInt8(ascii: "\n")]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress!, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          close(descriptor)
          file = nil
          return
        }
        bytes = bytes.dropFirst(count)
      }
    }
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return encoder
  }

  /// A log message.
  struct MessageEvent: Encodable {
    let event = "message"
    let time = Date()
    let level: String
    let text: String
  }

  /// The progress of a job, and the activity of each worker.
  struct ProgressEvent: Encodable {
    let event = "progress"
    let time = Date()
    let job: String
    let done: Int
    let total: Int
    let unit: String
    let epoch: Int?
    let epochs: Int?
    let loss: Double?
    let validationAccuracy: Double?
    let workers: [WorkerLine]
    let sweep: SweepProgress.Snapshot?

    init(
      _ job: String, _ progress: FitProgress, workers: [WorkerLine],
      sweep: SweepProgress.Snapshot? = nil
    ) {
      (self.job, self.sweep) = (job, sweep)
      (done, total, unit) = (progress.done, progress.total, progress.unit.rawValue)
      (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss)
      (validationAccuracy, self.workers) = (progress.validationAccuracy, workers)
    }
  }

  /// The result of a command.
  struct ResultEvent<Content: Encodable>: Encodable {
    let event = "result"
    let time = Date()
    let result: Content
  }
}
