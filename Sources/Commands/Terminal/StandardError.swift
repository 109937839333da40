internal import Foundation
internal import Logging
internal import Synchronization

/// Progress, logs and errors: lines, and on a terminal a few at the bottom that change in place.
final class StandardError: Sendable {
  static let shared = StandardError()

  /// Whether someone watches: then the last lines may change in place.
  let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  private let live = Mutex<[String]>([])

  /// Writes a line above the live ones.
  func write(_ line: String) {
    live.withLock { live in put(Self.clearing(live) + "\(line)\n" + live.joined(separator: "\n")) }
  }

  /// Puts lines in place of the live ones. None: they go.
  func showLive(_ lines: [String]) {
    guard isTerminal else { return }
    live.withLock { live in
      let old = Self.clearing(live)
      live = lines.map { String($0.prefix(max(columns - 1, 20))) }
      put(old + live.joined(separator: "\n"))
    }
  }

  /// Takes lines away, the last first; the cursor stands behind it.
  private static func clearing(_ lines: [String]) -> String {
    lines.isEmpty ? "" : lines.map { _ in "\r\u{1B}[K" }.joined(separator: "\u{1B}[A")
  }

  /// Of the terminal.
  var columns: Int {
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
    if EventLog.isOpen {
      EventLog.write(EventLog.MessageEvent(level: event.level.rawValue, text: "\(event.message)"))
    }
  }
}
