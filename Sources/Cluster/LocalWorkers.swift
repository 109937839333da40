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
  }

  private let settings: ClusterSettings
  private let endpoint: Endpoint
  /// Where their exchange listens; nil: each chooses an ipc address.
  private let exchange: Endpoint?
  private let keys: WorkerKeys?
  private var slots: [Slot]

  init(_ settings: ClusterSettings, joining endpoint: Endpoint, exchange: Endpoint?, keys: WorkerKeys?) throws {
    (self.settings, self.endpoint, self.exchange, self.keys) = (settings, endpoint, exchange, keys)
    slots = Array(repeating: Slot(), count: settings.workers)
    for index in slots.indices { try start(index) }
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
    do { try OpenFiles.retryingOperation(process.run) } catch {
      throw TransportError("cannot start a worker process: \(error.localizedDescription)")
    }
    (slots[index].process, slots[index].started) = (process, monotonicMilliseconds())
  }

  /// Starts those again that have died.
  /// - Parameter isAlone: whether nobody else works
  /// - Throws: ``TransportError`` if that is so, and all die again and again, or cannot be started.
  func check(isAlone: Bool) throws {
    var reason: (any Error)?
    for (index, slot) in slots.enumerated() where slot.process?.isRunning != true {
      if slot.process != nil {
        slots[index].process = nil
        slots[index].restarts.noteDeath(afterLiving: monotonicMilliseconds() - slot.started)
      }
      guard slots[index].restarts.mayStart else { continue }
      do { try start(index) } catch {
        reason = error
        slots[index].restarts.noteDeath(afterLiving: 0)
      }
    }
    if isAlone, !slots.isEmpty, slots.allSatisfy({ $0.process == nil && !$0.restarts.mayStart }) {
      throw reason
        ?? TransportError(
          "the local workers die again and again: is there too little memory? What they have told stands above")
    }
  }

  /// What workers have died of was set aside, so it kills no more of them.
  func forgiveDeaths() {
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
  /// How a coordinator gives its local workers their keys: only processes of the same user can read another's environment.
  static let environmentVariable = "ATELIER_WORKER_KEYS"

  var text: String { own.secretText + " " + coordinator.z85 }

  /// - Parameter environment: what the process was started with
  package init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let words = environment[Self.environmentVariable]?.split(separator: " ").map(String.init) ?? []
    guard words.count == 2, let secret = Key(z85: words[0]), let coordinator = Key(z85: words[1]) else { return nil }
    self.init(own: KeyPair(secret: secret), coordinator: coordinator)
  }
}
