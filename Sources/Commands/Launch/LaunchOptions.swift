internal import ArgumentParser
internal import Launching

/// Options for starting workers on other hosts.
struct LaunchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Hosts on which to start a worker through ssh, separated by commas. A host is HOST or USER@HOST, followed by \
      :THREADS for a number of threads (default: all cores of the host).
      """,
      valueName: "a,b:16,user@c"))
  var hosts: String?

  @Option(
    help: ArgumentHelp(
      "File of such hosts: one in a line, with slots=THREADS for a number of threads, as for mpirun.",
      valueName: "file"),
    completion: .file())
  var hostFile: HostFile?

  @Option(help: ArgumentHelp("Command that connects to the hosts, with its options.", valueName: "command"))
  var ssh = "ssh"

  @Flag(
    help: """
      Route the workers' connections to this process through ssh, where a firewall blocks them. For training a network \
      together, workers must still reach each other.
      """)
  var tunnel = false

  @Option(
    help: ArgumentHelp(
      """
      Whether to take part in the job of a launcher that started this process (Slurm, Open MPI, PMIx, SkyPilot, \
      Kubernetes): auto or none. Process 0 is coordinator and worker, and the others are its workers.
      """,
      valueName: "auto|none"))
  var launcher = LauncherChoice.auto

  enum LauncherChoice: String, ExpressibleByArgument { case auto, none }

  func validate() throws {
    if hosts != nil, hostFile != nil { throw ValidationError("--hosts and --host-file cannot be combined") }
    if tunnel, hosts == nil, hostFile == nil { throw ValidationError("--tunnel requires --hosts or --host-file") }
    guard !ssh.split(separator: " ").isEmpty else { throw ValidationError("--ssh is empty") }
    do throws(LaunchError) { if let hosts { _ = try [LaunchHost](list: hosts) } } catch {
      throw ValidationError("--hosts: \(error)")
    }
  }

  /// The hosts that the user gives; nil if there are none.
  /// - Throws: ``LaunchError``; ``FileError``
  func remoteSettings() throws -> RemoteWorkers.Settings? {
    let list = try hosts.map { try [LaunchHost](list: $0) } ?? hostFile?.hosts()
    return list.map {
      RemoteWorkers.Settings(hosts: $0, ssh: ssh.split(separator: " ").map(String.init), isTunneled: tunnel)
    }
  }
}
