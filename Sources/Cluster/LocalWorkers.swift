internal import Compute
internal import Coordination
internal import Foundation
internal import Models
internal import Transport

/// Worker processes of this machine: started with the job, ended with it, and started again if they die.
final class LocalWorkers {
  private struct Slot {
    var process: Process?
    var started: Milliseconds = 0
    var restarts = Restarts()
    /// Not started again before.
    var restUntil: Milliseconds = 0
  }

  private let settings: ClusterSettings
  private let endpoint: Endpoint
  /// Where their exchange listens; nil: each chooses an ipc address.
  private let exchange: Endpoint?
  private let keys: WorkerKeys?
  private var slots: [Slot]
  /// Told of processes that cannot be started.
  private let log: (String) -> Void

  /// - Throws: ``TransportError`` if none of them can be started; the others are tried again, see ``check(isAlone:)``.
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

  /// - Returns: why it could not be started, which is told; it is tried again after a while.
  private func tryToStart(_ index: Int) -> (any Error)? {
    do {
      try start(index)
      return nil
    } catch {
      slots[index].restarts.noteCrash(afterRunning: 0)
      slots[index].restUntil = monotonicMilliseconds() + slots[index].restarts.rest
      log(
        "local worker \(index + 1) of \(slots.count): \(error)"
          + (slots[index].restarts.mayStart
            ? "; trying again in \(max(1, slots[index].restarts.rest / 1000)) s" : "; giving up"))
      return error
    }
  }

  private func start(_ index: Int) throws {
    let process = Process()
    // The link still leads to the program that runs when its file has been replaced.
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
    process.arguments = [
      "worker", "--join", endpoint.text, "--threads", "\(settings.threads(ofLocalWorker: index))", "--quiet",
      "--parent", "\(getpid())",
    ]
    process.arguments! += settings.workerOptions
    if let exchange { process.arguments! += ["--exchange", exchange.text] }
    if let keys {
      var environment = ProcessInfo.processInfo.environment
      environment[WorkerKeys.environmentVariable] = keys.text
      process.environment = environment
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    do {
      // Without a thread to watch over it, Foundation would wait forever.
      try SystemThread.check(canStart: 2)
      try OpenFiles.retryingOperation(process.run)
    } catch let error as ResourceLimitError {
      throw TransportError("cannot start its process: \(error)")
    } catch {
      throw TransportError("cannot start its process: \(Self.reason(error))")
    }
    (slots[index].process, slots[index].started) = (process, monotonicMilliseconds())
  }

  /// Of Foundation, which hides what the system says behind the name of the file.
  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let system = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    return system.domain == NSPOSIXErrorDomain
      ? String(cString: strerror(Int32(truncatingIfNeeded: system.code))) : error.localizedDescription
  }

  /// Starts those again that have died.
  /// - Parameter isAlone: whether nobody else works
  /// - Throws: ``TransportError`` if that is so, and all die again and again, or cannot be started.
  func check(isAlone: Bool) throws {
    var reason: (any Error)?
    for (index, slot) in slots.enumerated() where slot.process?.isRunning != true {
      if slot.process != nil {
        slots[index].process = nil
        slots[index].restarts.noteCrash(afterRunning: monotonicMilliseconds() - slot.started)
        if !slots[index].restarts.mayStart {
          log("local worker \(index + 1) of \(slots.count): its process ends again and again; giving up")
        }
      }
      guard slots[index].restarts.mayStart, monotonicMilliseconds() >= slots[index].restUntil else { continue }
      reason = tryToStart(index) ?? reason
    }
    if isAlone, !slots.isEmpty, slots.allSatisfy({ $0.process == nil && !$0.restarts.mayStart }) {
      throw reason
        ?? TransportError(
          "the local workers die again and again: is there too little memory? What they have told stands above")
    }
  }

  /// Those that run, or will be started again.
  var expectedCount: Int { slots.count { $0.process != nil || $0.restarts.mayStart } }

  /// What workers have died of was set aside, so it kills no more of them.
  func forgiveCrashes() {
    for index in slots.indices { slots[index].restarts.forgive() }
  }

  /// Of those that run.
  var processes: [Int32] { slots.compactMap { $0.process?.processIdentifier } }

  /// Ends them all, politely first.
  func end() {
    let processes = slots.compactMap(\.process)
    slots = []
    for process in processes where process.isRunning { process.terminate() }
    let deadline = monotonicMilliseconds() + 2_000
    for process in processes {
      while process.isRunning, monotonicMilliseconds() < deadline { usleep(2_000) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
  }
}

extension WorkerKeys {
  /// How a coordinator gives its local workers their keys: only processes of the same user can read another's
  /// environment.
  static let environmentVariable = "ATELIER_WORKER_KEYS"

  var text: String { own.secretText + " " + coordinator.z85 }

  /// - Parameter environment: what the process was started with
  package init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let words = environment[Self.environmentVariable]?.split(separator: " ").map(String.init) ?? []
    guard words.count == 2, let secret = Key(z85: words[0]), let coordinator = Key(z85: words[1]) else { return nil }
    self.init(own: KeyPair(secret: secret), coordinator: coordinator)
  }
}
