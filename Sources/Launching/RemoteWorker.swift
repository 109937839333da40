internal import Cluster
internal import Compute
internal import Files
internal import Foundation
internal import Synchronization

/// Starts the worker of one host through ssh, starts it again when it fails, and ends it. A thread carries this out;
/// the thread of the cluster reads the ``state`` and gives the invitation.
package final class RemoteWorker: Sendable {
  package enum State: Equatable {
    case starting
    /// The host is ready, and needs an invitation.
    case awaitsInvitation(Facts)
    /// The host's worker starts if the ``Answer`` is an invitation, which may be on its way.
    case answered
    case running
    /// The host cannot be reached, and is tried again.
    case retrying(reason: String)
    /// It is not started again.
    case failed(reason: String)
  }

  /// What the host says about the connection.
  package struct Facts: Equatable {
    package var coordinatorAddress: String?
    package var ownAddress: String?
    package var tunnelPort: Int?

    package init(coordinatorAddress: String? = nil, ownAddress: String? = nil, tunnelPort: Int? = nil) {
      (self.coordinatorAddress, self.ownAddress, self.tunnelPort) = (coordinatorAddress, ownAddress, tunnelPort)
    }
  }

  package struct Invitation {
    let token: String
    /// The address at which the worker listens for others; nil: the one that faces the coordinator.
    var exchange: String?

    package init(token: String, exchange: String? = nil) { (self.token, self.exchange) = (token, exchange) }
  }

  /// The answer to a host that awaits an invitation.
  package enum Answer {
    case invitation(Invitation)
    /// Why there is no invitation; the host is not tried again.
    case refusal(String)
  }

  private struct Shared {
    var state = State.starting
    /// The answer, until the thread has seen it.
    var answer: Answer?
    var messages: [String] = []
  }

  let host: LaunchHost
  private let command: [String]
  private let script: String
  private let files: ProgramFiles
  private let shared = Mutex(Shared())
  private let isEnding = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameter ssh: the command line of ssh without host and command
  package init(_ host: LaunchHost, ssh: [String], arguments: [String], files: ProgramFiles) {
    (self.host, self.files) = (host, files)
    let threads = host.threads.map { ["--threads", "\($0)"] } ?? []
    script = RemoteScript.text(files, arguments: threads + arguments)
    command = ssh + ["--", host.destination, RemoteScript.command(for: script)]
  }

  package var state: State { shared.withLock { $0.state } }

  /// Removes and returns the messages to the user.
  package func takeMessages() -> [String] {
    shared.withLock { shared in
      defer { shared.messages = [] }
      return shared.messages
    }
  }

  /// Answers the host, unless it does not await an invitation with these facts any more: since ``state`` was read, it
  /// may have been answered, or the connection may have been lost, so that the answer is wrong for the next attempt.
  /// - Returns: Whether the host is answered.
  @discardableResult package func answer(_ answer: Answer, to facts: Facts) -> Bool {
    shared.withLock { shared in
      guard shared.state == .awaitsInvitation(facts) else { return false }
      (shared.state, shared.answer) = (.answered, answer)
      return true
    }
  }

  /// - Throws: ``LaunchError`` if the system cannot start a thread
  package func start() throws(LaunchError) {
    do {
      try SystemThread.start("atelier-ssh") { [self] in
        supervise()
        ended.signal()
      }
    } catch { throw LaunchError("cannot start the worker of \(host.destination): \(error)") }
  }

  /// Asks the thread to end the worker.
  package func requestEnd() { isEnding.store(true, ordering: .relaxed) }

  /// Waits until the thread has ended the worker.
  package func waitUntilEnded() { ended.wait() }

  // MARK: Thread

  private enum Outcome {
    /// ssh cannot reach the host now, or lost the connection.
    case unreachable(String)
    /// The worker has ended.
    case ended(String)
    /// Trying again does not help.
    case permanent(String)
  }

  private static let maxDelay: Double = 30

  private func supervise() {
    var restarts = Restarts()
    var failures = 0
    while !isEnding.load(ordering: .relaxed) {
      let start = milliseconds()
      let outcome = attempt()
      if isEnding.load(ordering: .relaxed) { return }
      let hasRun = state == .running
      if hasRun { failures = 0 }
      failures += 1
      switch outcome {
      case .permanent(let reason): return fail(reason)
      case .ended(let reason):
        restarts.noteCrash(afterRunning: milliseconds() - start)
        guard restarts.canStart else { return fail("\(reason)\nIt failed repeatedly, and is not started again") }
        set(.starting, "\(host.destination): \(reason)\n\(host.destination): starting it again")
      case .unreachable(let reason):
        // The first failure is reported; the retries end with the run.
        let next = "\(host.destination): trying again while other hosts or workers are left"
        set(.retrying(reason: reason), failures == 1 ? "\(host.destination): \(reason)\n\(next)" : nil)
      }
      pause(min(0.25 * pow(2, Double(min(failures, 10))), Self.maxDelay))
    }
  }

  private func fail(_ reason: String) {
    set(.failed(reason: reason), "\(host.destination) has no worker: \(reason)")
  }

  private func set(_ state: State, _ message: String? = nil) {
    shared.withLock { shared in
      shared.state = state
      shared.answer = nil
      if let message { shared.messages.append(message) }
    }
  }

  private func pause(_ seconds: Double) {
    let end = milliseconds() + Int(1_000 * seconds)
    while milliseconds() < end, !isEnding.load(ordering: .relaxed) { usleep(20_000) }
  }

  /// Starts the worker, and returns when it has ended.
  private func attempt() -> Outcome {
    let child: ChildProcess
    do throws(LaunchError) { child = try ChildProcess(command) } catch {
      return .permanent("\(error); install OpenSSH's client, or name another command with --ssh")
    }
    defer { child.end() }
    var session = RemoteSession(child, files: files, script: script)
    while true {
      if isEnding.load(ordering: .relaxed) { return .ended("ended") }
      switch session.advance() {
      case .continues: break
      case .isReady(let facts): set(.awaitsInvitation(facts))
      case .failed(let reason): return .permanent(reason)
      case .hangs: return .unreachable("it does not respond")
      case .ended(_, let signal?, _): return .unreachable("ssh was ended by signal \(signal)")
      case .ended(let status, nil, let lines): return outcome(status, lines, hasBegun: session.hasBegun)
      }
      switch shared.withLock({ $0.answer }) {
      case .invitation(let invitation):
        session.run(invitation)
        set(.running, "\(host.destination): worker started")
      case .refusal(let reason): return .permanent(reason)
      case nil: break
      }
    }
  }

  /// ssh ends with the status of the remote command, or with 255 if it fails itself.
  private func outcome(_ status: Int32, _ lines: [String], hasBegun: Bool) -> Outcome {
    let output = lines.map { "\n  \(host.destination)> \($0)" }.joined()
    let listing = lines.isEmpty ? "" : ":\(output)"
    if status == 255 {
      let text =
        lines.last { $0.hasPrefix("ssh:") || $0.contains("Permission denied") || $0.contains("erification failed") }
        ?? lines.last ?? "ssh failed without a message"
      if let advice = Self.advice(lines) { return .permanent("\(text); \(advice)") }
      return .unreachable(hasBegun ? "the connection was lost: \(text)" : text)
    }
    // EX_PROTOCOL: the coordinator refuses the worker.
    if status == EX_PROTOCOL { return .permanent("the worker was refused\(listing)") }
    if !hasBegun {
      return .ended(
        """
        its login shell ended with exit status \(status) and ran no command: `ssh \(host.destination) true` must \
        succeed\(lines.isEmpty ? "" : "; its last output\(listing)")
        """)
    }
    // The shell cannot execute the program, which the script has copied.
    if status == 126 { return .permanent("its program cannot be run: is its home folder mounted noexec?\(output)") }
    // A shell reports a signal as 128 and its number.
    var end = "ended with exit status \(status)"
    if status > 128 { end = "was ended by signal \(status - 128)" }
    if status == 128 + SIGKILL { end += ", as by a system that is out of memory" }
    return .ended("its worker \(end)\(lines.isEmpty ? "" : "; its last output\(listing)")")
  }

  /// Returns what the user can do about a failure of ssh that would be repeated.
  private static func advice(_ lines: [String]) -> String? {
    let text = lines.joined(separator: "\n")
    if text.contains("Host key verification failed") {
      return "connect once with ssh to check and store the host's key"
    }
    if text.contains("Permission denied") {
      return "no password can be asked here: log in with a key (ssh-copy-id), or start ssh-agent"
    }
    if text.contains("Bad configuration option") || text.contains("unknown option") {
      return "see the ssh configuration"
    }
    return nil
  }
}
