internal import ArgumentParser
internal import Cluster
internal import Foundation

/// What a container's probe asks.
enum ProbedState: String, CaseIterable, ExpressibleByArgument {
  case alive, ready
}

struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract: "Reports whether the coordinator or worker in this container is alive or ready.",
    usage: "atelier probe <state> [--file <file>]",
    discussion: """
      For a container's probes. The coordinator or worker writes its status to the file that \
      \(StatusFile.variable) names. `alive` fails if its loop has not run for \
      \(ProcessStatus.longestIteration / 1_000) s; `ready` also fails unless the coordinator listens, or the worker \
      is connected. Exit status 69 then.

      Example:  atelier probe ready
      """)

  @Argument(help: "State to check: alive or ready.")
  var state: ProbedState

  @Option(
    help: ArgumentHelp("Status file (default: the file that \(StatusFile.variable) names).", valueName: "file"),
    completion: .file())
  var file: String?

  func validate() throws { _ = try path() }

  private func path() throws(ValidationError) -> String {
    let environment = ProcessInfo.processInfo.environment[StatusFile.variable] ?? ""
    guard let path = file ?? (environment.isEmpty ? nil : environment) else {
      throw ValidationError("\(StatusFile.variable) is not set: name the status file with --file")
    }
    return path
  }

  func run() throws {
    let status = try StatusFile.read(path())
    try StandardOutput.write(status.isAlive ? status.text : "hanging: \(status.text)")
    if !status.isAlive || state == .ready && !status.isReady { throw ExitCode(ExitStatus.unavailable) }
  }
}
