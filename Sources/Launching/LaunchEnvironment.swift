internal import Text

/// What the environment variables say about the job that a launcher (Slurm, Open MPI, …) started this process for: a
/// pure function of the variables.
package struct LaunchEnvironment: Sendable, Equatable {
  /// The programs that place and restart the processes of a job.
  package enum Launcher: String, Sendable, CaseIterable {
    case slurm = "Slurm"
    case openMPI = "Open MPI"
    case pmix = "PMIx"
    case skyPilot = "SkyPilot"
    case kubernetes = "Kubernetes"

    /// The name in the names of jobs and runs.
    var word: String { "\(self)".lowercased() }
  }

  package var launcher: Launcher
  /// The name of the job, the same in all of its processes and after a restart: `slurm-1234-0`.
  package var job: String
  /// The number of this process in the job, from 0. Process 0 is the coordinator.
  package var rank = 0
  /// The number of processes; nil if the launcher does not say it.
  package var count: Int?
  /// The names of the hosts, each once, in the order of the ranks; empty if the launcher does not say them.
  package var hosts: [String] = []
  /// The name or address of this process's host, as the launcher calls it.
  package var ownHost: String?
  /// The host of process 0; nil if unknown.
  package var coordinatorHost: String?
  /// The port of process 0 if it is given; nil: one of ``RendezvousPorts``.
  package var coordinatorPort: Int?
  /// The number of threads of this process; nil if the launcher does not say it.
  package var threads: Int?
  /// The number of processes of the job on this host.
  package var processesOnHost = 1
  /// How often the launcher has restarted the job.
  package var restarts = 0
  /// Whether a failed process 0 is replaced alone, so that the other processes must wait for it.
  package var replacesCoordinator = false

  /// The variable that names the coordinator, HOST or HOST:PORT, for launchers that do not.
  package static let coordinatorVariable = "ATELIER_COORDINATOR"

  /// Returns the number of threads of this process: the launcher's, or an even part of the cores.
  package func threads(ofCores cores: Int) -> Int { min(threads ?? max(1, cores / processesOnHost), cores) }

  /// Whether the job may have been started before.
  package var isRestart: Bool { restarts > 0 || replacesCoordinator }

  /// Whether the job has more processes than this one.
  package var hasOthers: Bool { rank > 0 || count.map { $0 > 1 } ?? true }

  /// Whether all processes are on one host.
  package var isOneHost: Bool { hosts.count == 1 }

  init(_ launcher: Launcher, job: String) {
    (self.launcher, self.job) = (launcher, "\(launcher.word)-\(Self.nameCharacters(job))")
  }

  /// Returns what the variables say; nil if no launcher has started this process. `mpirun` inside a Slurm job is
  /// Open MPI's, and `srun --mpi=pmix` is Slurm's.
  /// - Parameter variables: the environment of the process
  /// - Throws: ``LaunchError`` if the variables of a launcher contradict each other
  package static func detect(_ variables: [String: String]) throws(LaunchError) -> LaunchEnvironment? {
    let variables = Variables(variables)
    var found = try openMPI(variables)
    if found == nil { found = try slurm(variables) }
    if found == nil { found = try pmix(variables) }
    if found == nil { found = try skyPilot(variables) }
    if found == nil { found = try kubernetes(variables) }
    guard var found else { return nil }
    if let text = variables[coordinatorVariable] { try found.setCoordinator(text) }
    if let count = found.count, !(0..<count).contains(found.rank) {
      throw LaunchError("\(found.launcher.rawValue) says that this is process \(found.rank) of \(count)")
    }
    guard (0..<1 << 24).contains(found.rank) else {
      throw LaunchError("\(found.launcher.rawValue) says that this is process \(found.rank)")
    }
    return found
  }

  /// - Parameter text: HOST or HOST:PORT; an IPv6 address is in brackets
  private mutating func setCoordinator(_ text: String) throws(LaunchError) {
    let error = LaunchError(
      "invalid value '\(text)' of \(Self.coordinatorVariable): expected HOST or HOST:PORT", .wrongUse)
    let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
    var host = text[...]
    coordinatorPort = nil
    if let colon = text[afterBracket...].lastIndex(of: ":") {
      let digits = text[text.index(after: colon)...]
      guard digits.allSatisfy(\.isNumber), let port = UInt16(digits), port > 0 else { throw error }
      (host, coordinatorPort) = (text[..<colon], Int(port))
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw error
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "[]".contains($0) }) else { throw error }
    coordinatorHost = String(host)
  }

  /// Returns the text with characters that names of runs may have.
  private static func nameCharacters(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "-" }.prefix(80))
  }
}

/// Environment variables; empty ones count as absent.
struct Variables {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

  /// Returns an integer from 0; nil if the variable is absent.
  func number(_ name: String) throws(LaunchError) -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), (0...1 << 30).contains(number) else {
      throw LaunchError("invalid value '\(text.prefix(80))' of \(name): expected an integer from 0")
    }
    return number
  }

  /// Returns a number of threads; nil if the variable is absent.
  func threads(_ name: String) throws(LaunchError) -> Int? {
    try number(name).map { min(max($0, 1), LaunchHost.maxThreads) }
  }
}
