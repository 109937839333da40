internal import ArgumentParser
internal import Foundation
internal import Launching
internal import Text
internal import Transport

struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Shows which launcher started this process, and what training commands would start.",
    usage: "atelier launch --print [--hosts <hosts>]",
    discussion: """
      The commands train, sweep, evaluate and quickstart start workers themselves: on hosts (--hosts), or as the \
      processes of a Slurm, Open MPI, PMIx, SkyPilot or Kubernetes job. This command only shows what they detect.

      Example:  srun atelier launch --print
      Example:  atelier launch --print --hosts a,b:16,user@c
      """)

  @Flag(name: .customLong("print"), help: "Print what is detected and what would be started.")
  var isPrinting = false

  @OptionGroup var launch: LaunchOptions
  @OptionGroup var json: JSONOptions

  func validate() throws {
    if !isPrinting {
      throw ValidationError("specify --print; the commands train and sweep start workers themselves (--hosts)")
    }
  }

  func run() throws {
    try json.check()
    let description = try LaunchDescription(launch)
    var table = TextTable([.left, .left])
    for row in description.rows { table.add([row.name, row.value]) }
    try json.write(description, text: table.text)
  }
}

/// What `atelier launch --print` shows.
private struct LaunchDescription: Encodable {
  struct Row: Encodable {
    let name: String
    let value: String
  }

  private(set) var rows: [Row] = []

  init(_ options: LaunchOptions) throws {
    if let settings = try options.remoteSettings() {
      add("launcher", "ssh")
      describe(settings)
    } else if options.launcher == .auto,
      let environment = try LaunchEnvironment.detect(ProcessInfo.processInfo.environment)
    {
      try describe(environment)
    } else {
      add("launcher", "none detected")
      add("starts", "the command in this process, or with --workers N local worker processes")
    }
  }

  private mutating func add(_ name: String, _ value: String) { rows.append(Row(name: name, value: value)) }

  private mutating func describe(_ settings: RemoteWorkers.Settings) {
    add("starts", "\(counted(settings.hosts.count, "worker")), one on each host")
    for host in settings.hosts {
      add(host.destination, host.threads.map { counted($0, "thread") } ?? "as many threads as the host has cores")
    }
    let coordinator = settings.isTunneled ? "127.0.0.1:7700" : nil
    add("command", RemoteWorkers.ssh(settings, forwarding: coordinator).joined(separator: " ") + " -- HOST")
    add(
      "address",
      settings.isTunneled
        ? "127.0.0.1, forwarded by ssh; for training a network, workers must reach each other"
        : "the address of this host that each host sees")
  }

  private mutating func describe(_ environment: LaunchEnvironment) throws {
    add("launcher", environment.launcher.rawValue)
    add("job", environment.job)
    add("process", "\(environment.rank)\(environment.count.map { " of \($0)" } ?? "")")
    if !environment.hosts.isEmpty { add("hosts", environment.hosts.listed(atMost: 20)) }
    if let threads = environment.threads { add("threads", "\(threads)") }
    if environment.restarts > 0 { add("restarts", "\(environment.restarts)") }
    guard environment.hasOthers else { return add("starts", "the command in this process; a restarted job resumes") }
    if let host = environment.coordinatorHost {
      let address = HostAddress.resolve(host, launcher: environment.launcher)
      add(
        "coordinator",
        "process 0 on \(host)\(address.map { $0 == host ? "" : " (\($0))" } ?? ", which cannot be resolved")")
    } else {
      add("coordinator", "unknown: set \(LaunchEnvironment.coordinatorVariable) to HOST or HOST:PORT")
    }
    let ports = environment.coordinatorPort.map { [$0] } ?? RendezvousPorts.ports(ofJob: environment.job)
    add("ports", ports.map(String.init).joined(separator: ", "))
    add(
      "secret",
      try JobSecret.current() == nil ? "missing: export \(JobSecret.variable)=$(atelier keys secret)" : "present")
    add("starts", environment.rank == 0 ? "the coordinator and a worker" : "a worker")
  }
}
