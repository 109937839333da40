internal import Coordination
package import Files
internal import Foundation

/// Reports the status of this process to the program that supervises it: to systemd through the socket in
/// `NOTIFY_SOCKET` (sd_notify(3)), and to a container's probes through the file in `ATELIER_STATUS_FILE`, which
/// `atelier probe` reads. Without these variables, it does nothing.
package final class Supervisor {
  private let socket: NotificationSocket?
  private let file: String?
  private var status = ProcessStatus(text: "starting")
  private var isStarted = false
  private var hasBeenReady = false
  private var lastReport: Milliseconds?

  /// The time between reports of iterations, in milliseconds.
  private static let interval: Milliseconds = 1_000

  /// - Throws: ``FileError`` if the status file cannot be written: probes would end a process that works.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(FileError) {
    socket = environment[NotificationSocket.variable].flatMap(NotificationSocket.init)
    file = environment[StatusFile.variable].flatMap { $0.isEmpty ? nil : $0 }
    if let file { try StatusFile.write(status, to: file) }
  }

  /// Reports what the process does. The first call also reports that it has started.
  /// - Parameter isReady: Whether a coordinator listens, or a worker is connected.
  package func report(_ text: String, isReady: Bool) {
    guard !isStarted || text != status.text || isReady != status.isReady else { return }
    (status.text, status.isReady) = (text, isReady)
    socket?.send("\(isStarted ? "" : "READY=1\n")STATUS=\(text)")
    isStarted = true
    hasBeenReady = hasBeenReady || isReady
    writeFile()
  }

  /// Reports an iteration of the process's loop, at most once per second.
  package func reportIteration() {
    let now = monotonicMilliseconds()
    if let lastReport, now - lastReport < Self.interval { return }
    (lastReport, status.lastIteration) = (now, now)
    socket?.send("WATCHDOG=1")
    writeFile()
  }

  /// Reports an iteration of a worker's loop, and whether the worker is connected.
  package func reportIteration(ofWorkerJoining coordinator: String, isConnected: Bool) {
    let state = isConnected ? "connected to" : hasBeenReady ? "disconnected, waiting for" : "waiting for"
    report("\(state) the coordinator at \(coordinator)", isReady: isConnected)
    reportIteration()
  }

  /// Reports that the loop has ended with its job.
  package func reportEndOfLoop() {
    (lastReport, status.lastIteration) = (nil, nil)
    writeFile()
  }

  package func reportStop() { socket?.send("STOPPING=1") }

  /// A later failure to write is found by the probe, because the file is not updated any more.
  private func writeFile() {
    if let file { try? StatusFile.write(status, to: file) }
  }
}

/// The file with the status of a process in a container.
package enum StatusFile {
  package static let variable = "ATELIER_STATUS_FILE"

  static func write(_ status: ProcessStatus, to path: String) throws(FileError) {
    try FileReplacement.write([Array(status.fileText.utf8)], to: path, isFlushed: false)
  }

  /// - Throws: ``FileError`` if there is no file, or it has another content.
  package static func read(_ path: String) throws(FileError) -> ProcessStatus {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw .unreadable(path: path, reason: "the process has not started yet, or has another \(variable)")
    }
    guard let status = ProcessStatus(fileText: text) else {
      throw .damaged(path: path, reason: "it does not contain the status of a process of this version")
    }
    return status
  }
}
