internal import Files
internal import Foundation
internal import Synchronization

/// The output of results. Progress, logs and errors go to standard error.
enum StandardOutput {
  /// Whether the reader has closed the pipe, as in `atelier … | head`, which is not an error.
  private static let isClosed = Atomic<Bool>(false)

  /// Writes text and a newline.
  /// - Throws: ``FileError/notWritten(path:reason:)``
  static func write(_ text: String) throws(FileError) { try write(bytes: Array((text + "\n").utf8)) }

  /// Writes bytes.
  /// - Throws: ``FileError/notWritten(path:reason:)``
  static func write(bytes: [UInt8]) throws(FileError) {
    var written = 0
    while written < bytes.count, !isClosed.load(ordering: .relaxed) {
      let count = bytes.withUnsafeBytes { Foundation.write(1, $0.baseAddress! + written, $0.count - written) }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        isClosed.store(true, ordering: .relaxed)
      } else if errno != EINTR {
        throw .notWritten(path: "standard output", reason: systemErrorText())
      }
    }
  }
}
