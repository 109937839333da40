internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Text
internal import Transport

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Shows the commands that are computing on this host, and their workers.",
    usage: "atelier status [<run>] [--json <file>]",
    discussion: """
      Shows the progress of each run, and for each worker the host, process and threads, the current work (in full \
      with --json), the tasks or images per second, the megabytes that it has sent, the seconds in which it waited for \
      other workers, and the seconds since its last message. The values come from a local socket of the command.

      Example:  atelier status
      Example:  atelier status 2026-11-27-1530
      """)

  @Argument(
    help: ArgumentHelp(
      "Name of the run, the beginning of the name, or the process identifier of the command (default: all).",
      valueName: "run"))
  var name: String?

  @OptionGroup var json: JSONOptions

  func run() throws {
    try json.check()
    let all = StatusSocket.all()
    let found = all.filter { status in
      name.map { status.run?.hasPrefix($0) == true || "\(status.process)" == $0 } ?? true
    }
    guard !found.isEmpty else {
      throw TransportError(
        name.map { "no command of yours on this host computes run \($0); `atelier runs` lists all runs" }
          ?? "no command of yours is computing on this host; `atelier runs` lists all runs")
    }
    try json.write(found, text: found.map(Self.text).joined(separator: "\n\n"))
  }

  private static func text(_ status: RunStatus) -> String {
    var table = TextTable([.left, .left])
    table.add(["run", "\(status.run?.printable ?? "without a name"), process \(status.process)"])
    table.add(["step", status.step.printable])
    if status.total > 0 {
      let epoch = status.epoch.map { "epoch \($0) of \(status.epochs ?? $0), " } ?? ""
      table.add(["progress", "\(epoch)\(status.done) of \(status.total) \(status.unit)"])
    }
    if let waiting = status.waiting { table.add(["waiting", waiting.printable]) }
    guard !status.workers.isEmpty else { return table.text }
    var workers = TextTable(
      [.left, .right, .right, .left, .right, .right, .right, .right],
      header: ["host", "process", "threads", "work", "per second", "MB sent", "s waited", "s since message"])
    for worker in status.workers {
      workers.add([
        worker.host.printable, "\(worker.process)", "\(worker.threads)",
        worker.activity.printable.shortened(to: 64),
        formatted(worker.rate, digits: 1), formatted(Double(worker.bytesSent) / 1e6, digits: 1),
        formatted(worker.waitingSeconds, digits: 1), formatted(Double(worker.lastSeen) / 1_000, digits: 1),
      ])
    }
    return "\(table.text)\n\n\(workers.text)"
  }
}
