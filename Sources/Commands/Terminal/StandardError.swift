internal import Foundation
internal import Logging
internal import Synchronization

/// The output of progress, logs and errors: lines, and on a terminal live lines at the bottom that change in place.
final class StandardError: Sendable {
  static let shared = StandardError()

  /// Whether standard error is a terminal that supports live lines.
  let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  private let live = Mutex<[String]>([])

  /// Writes a line above the live ones.
  func write(_ line: String) {
    live.withLock { live in put(Self.clearing(live) + "\(line)\n" + live.joined(separator: "\n")) }
  }

  /// Replaces the live lines. An empty array removes them.
  func showLive(_ lines: [String]) {
    guard isTerminal else { return }
    live.withLock { live in
      let old = Self.clearing(live)
      live = lines.map { String($0.prefix(max(columns - 1, 20))) }
      put(old + live.joined(separator: "\n"))
    }
  }

  /// Returns the control sequence that erases lines, with the cursor at the end of the last one.
  private static func clearing(_ lines: [String]) -> String {
    lines.isEmpty ? "" : lines.map { _ in "\r\u{1B}[K" }.joined(separator: "\u{1B}[A")
  }

  /// The width of the terminal.
  var columns: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Writes text. Errors are ignored: a closed pipe or a full disk must not end a training.
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

/// Writes log messages to standard error, with the level of warnings and errors, and to the event log.
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
    if EventLog.isOpen {
      EventLog.write(EventLog.MessageEvent(level: event.level.rawValue, text: "\(event.message)"))
    }
  }
}
