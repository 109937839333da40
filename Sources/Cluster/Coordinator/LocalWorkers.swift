internal import Compute
internal import Coordination
internal import Files
internal import Foundation
internal import Models
internal import Transport

/// The worker processes of this host. They are started with the job, restarted after crashes, and ended with the job.
final class LocalWorkers {
  private struct Slot {
    var process: Process?
    var started: Milliseconds = 0
    /// The time at which the process was last known to work for the coordinator; at first, that of its start.
    var lastPresent: Milliseconds = 0
    var restarts = Restarts()
    /// The earliest time of the next start.
    var nextStart: Milliseconds = 0
  }

  private let settings: ClusterSettings
  private let endpoint: Endpoint
  /// The endpoint of their exchange; nil: each chooses an ipc address.
  private let exchange: Endpoint?
  private let keys: WorkerKeys?
  private var slots: [Slot]
  /// Receives messages about processes that cannot be started.
  private let log: (String) -> Void

  /// - Throws: ``TransportError`` if none of them can be started. If some cannot, they are retried: see
  ///   ``check(isAlone:)``.
  init(
    _ settings: ClusterSettings, joining endpoint: Endpoint, exchange: Endpoint?, keys: WorkerKeys?,
    log: @escaping (String) -> Void
  ) throws {
    (self.settings, self.endpoint, self.exchange, self.keys, self.log) = (settings, endpoint, exchange, keys, log)
    slots = Array(repeating: Slot(), count: settings.workers)
    var reason: (any Error)?
    for index in slots.indices { reason = tryToStart(index) ?? reason }
    if let reason, slots.allSatisfy({ $0.process == nil }) { throw reason }
  }

  /// Starts a worker. An error is logged, and the start is retried later.
  /// - Returns: The error, if the worker could not be started.
  private func tryToStart(_ index: Int) -> (any Error)? {
    do {
      try start(index)
      return nil
    } catch {
      slots[index].restarts.noteCrash(afterRunning: 0)
      slots[index].nextStart = monotonicMilliseconds() + slots[index].restarts.delay
      log(
        "local worker \(index + 1) of \(slots.count): \(error)"
          + (slots[index].restarts.canStart
            ? "; retrying in \(max(1, slots[index].restarts.delay / 1000)) s" : "; not retried"))
      return error
    }
  }

  private func start(_ index: Int) throws {
    let process = Process()
    // The link refers to the running program even if its file has been replaced.
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
    process.arguments = [
      "worker", "--join", endpoint.text, "--threads", "\(settings.threads(ofLocalWorker: index))", "--quiet",
      "--parent", "\(getpid())",
    ]
    process.arguments! += settings.workerOptions + (settings.holdsSignals ? ["--hold-signals"] : [])
    if let exchange { process.arguments! += ["--exchange", exchange.text] }
    if let keys {
      var environment = ProcessInfo.processInfo.environment
      environment[WorkerKeys.environmentVariable] = keys.text
      process.environment = environment
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    do {
      // Without a thread for the process monitor, Foundation would wait forever.
      try SystemThread.check(canStart: 2)
      try OpenFiles.retryingOperation(process.run)
    } catch let error as ResourceLimitError {
      throw TransportError("cannot start its process: \(error)")
    } catch {
      throw TransportError("cannot start its process: \(Self.reason(error))")
    }
    let now = monotonicMilliseconds()
    (slots[index].process, slots[index].started, slots[index].lastPresent) = (process, now, now)
  }

  /// Returns the system's reason of an error from Foundation, whose own description names only the file.
  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let system = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    return system.domain == NSPOSIXErrorDomain
      ? systemErrorText(Int32(truncatingIfNeeded: system.code)) : error.localizedDescription
  }

  /// Ends processes that hang: they have not joined, or have been lost, for several worker timeouts.
  /// ``check(isAlone:)`` restarts them.
  /// - Parameter present: The process identifiers of all workers that have joined.
  func endHanging(present: Set<Int32>) {
    let now = monotonicMilliseconds()
    for (index, slot) in slots.enumerated() {
      guard let process = slot.process, process.isRunning else { continue }
      if present.contains(process.processIdentifier) {
        slots[index].lastPresent = now
      } else if now - slot.lastPresent > max(20_000, 6 * settings.limits.workerTimeout) {
        log("local worker \(index + 1) of \(slots.count) does not respond; its process is ended and started again")
        kill(process.processIdentifier, SIGKILL)
        slots[index].lastPresent = now
      }
    }
  }

  /// Restarts workers that have crashed.
  /// - Parameter isAlone: Whether there are no other workers.
  /// - Throws: ``TransportError`` if there are no other workers, and all local ones crash repeatedly or cannot be
  ///   started.
  func check(isAlone: Bool) throws {
    var reason: (any Error)?
    for (index, slot) in slots.enumerated() where slot.process?.isRunning != true {
      if slot.process != nil {
        slots[index].process = nil
        slots[index].restarts.noteCrash(afterRunning: monotonicMilliseconds() - slot.started)
        if !slots[index].restarts.canStart {
          log("local worker \(index + 1) of \(slots.count) exited repeatedly and is not restarted")
        }
      }
      guard slots[index].restarts.canStart, monotonicMilliseconds() >= slots[index].nextStart else { continue }
      reason = tryToStart(index) ?? reason
    }
    if isAlone, !slots.isEmpty, slots.allSatisfy({ $0.process == nil && !$0.restarts.canStart }) {
      throw reason
        ?? TransportError(
          "the local workers crash repeatedly: is there too little memory? Their messages are printed above")
    }
  }

  /// The number of workers that run or will be restarted.
  var expectedCount: Int { slots.count { $0.process != nil || $0.restarts.canStart } }

  /// Resets the counters of crashes, because the task that caused them has been quarantined.
  func forgiveCrashes() {
    for index in slots.indices { slots[index].restarts.forgive() }
  }

  /// The identifiers of the running processes.
  var processes: [Int32] { slots.compactMap { $0.process?.processIdentifier } }

  /// Ends all processes: with SIGTERM, or SIGUSR1 if they hold other signals, and with SIGKILL after two seconds.
  func end() {
    let processes = slots.compactMap(\.process)
    slots = []
    for process in processes where process.isRunning {
      kill(process.processIdentifier, settings.holdsSignals ? SIGUSR1 : SIGTERM)
    }
    let deadline = monotonicMilliseconds() + 2_000
    for process in processes {
      while process.isRunning, monotonicMilliseconds() < deadline { usleep(2_000) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
  }
}

extension WorkerKeys {
  /// The environment variable that passes the keys to local workers. Only processes of the same user can read it.
  static let environmentVariable = "ATELIER_WORKER_KEYS"

  var text: String { own.secretText + " " + coordinator.z85 }

  /// - Parameter environment: The environment of the process.
  package init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let words = environment[Self.environmentVariable]?.split(separator: " ").map(String.init) ?? []
    guard words.count == 2, let secret = Key(z85: words[0]), let coordinator = Key(z85: words[1]) else { return nil }
    self.init(own: KeyPair(secret: secret), coordinator: coordinator)
  }
}
