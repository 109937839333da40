internal import Foundation
internal import Logging
internal import Synchronization

/// Progress, logs and errors: lines, and on a terminal one line at the bottom that changes in place.
final class StandardError: Sendable {
  static let shared = StandardError()

  /// Whether someone watches: then the last line may change in place.
  let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  private let liveLine = Mutex<String>("")

  /// Writes a line above the live one.
  func write(_ line: String) {
    liveLine.withLock { live in put(live.isEmpty ? "\(line)\n" : "\(Self.clear)\(line)\n\(live)") }
  }

  /// Puts a text in place of the live line. An empty one removes it.
  func showLive(_ text: String) {
    guard isTerminal else { return }
    liveLine.withLock { live in
      live = String(text.prefix(max(columns - 1, 20)))
      put(Self.clear + live)
    }
  }

  private static let clear = "\r\u{1B}[K"

  private var columns: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// A reader that is gone, or a full disk under a log, must not end a training: failures are not looked at.
  private func put(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(2, $0.baseAddress!, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Carries swift-log's messages to standard error: the text alone, with its level where it is more than information.
struct StandardErrorLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let prefix = event.level > .notice ? "\(event.level): " : ""
    StandardError.shared.write("\(prefix)\(event.message)")
  }
}
