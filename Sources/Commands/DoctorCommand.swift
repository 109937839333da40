internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Text
internal import Transport

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Diagnoses why a worker cannot join a coordinator.",
    usage: "atelier doctor --join tcp://<host>:<port> [<options>]",
    discussion: """
      Run it on the worker's host. It checks the host name, the port, the keys, the versions and the clocks, in this \
      order, and stops with exit status 69 at the first check that fails.

      Example:  atelier doctor --join tcp://10.0.0.1:7700
      """)

  @Option(help: ArgumentHelp("Address of the coordinator.", valueName: "tcp://host:port"))
  var join: String

  @OptionGroup var keys: KeyOptions
  @OptionGroup var json: JSONOptions

  func run() throws {
    try json.check()
    let endpoint = try Endpoint(join)
    try SystemLimits.check()
    let workerKeys = try keys.keys(toJoin: endpoint)
    let findings = Doctor.examine(endpoint, keys: workerKeys)
    var table = TextTable([.left, .left, .left])
    for finding in findings { table.add([finding.isWell ? "ok" : "failed", finding.step, finding.text]) }
    try json.write(findings, text: table.text)
    if findings.contains(where: { !$0.isWell }) { throw ExitCode(ExitStatus.unavailable) }
  }
}
