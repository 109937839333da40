internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Text
internal import Transport

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Diagnoses why a worker cannot join a coordinator.",
    usage: "atelier doctor --join <source> | --listen tcp://<host>:<port> [<options>]",
    discussion: """
      On a worker's host, with --join: checks the limits of the host, the join token, the host name, the port, the \
      keys, the versions, the clocks, large messages and the connections to other workers. A token is not used up.

      On the coordinator's host, with --listen: checks the limits of the host, whether a coordinator can listen at the \
      address, its keys and its invitations.

      The exit status is 69 if a check fails.

      Example:  atelier doctor --join - < token
      Example:  atelier doctor --join tcp://10.0.0.1:7700
      Example:  atelier doctor --listen tcp://10.0.0.1:7700
      """)

  @Option(help: ArgumentHelp("\(JoinSource.help)", valueName: "source"))
  var join: String?

  @Option(
    help: ArgumentHelp("Address at which a coordinator is to listen on this host.", valueName: "tcp://host:port"))
  var listen: String?

  @OptionGroup var keys: KeyOptions
  @OptionGroup var json: JSONOptions

  func validate() throws {
    if listen == nil { try JoinSource.check(join) }
    if join != nil, listen != nil { throw ValidationError("--join and --listen exclude each other") }
  }

  func run() throws {
    try json.check()
    try SystemLimits.check()
    let findings = HostChecks.findings() + (try listen.map(examineListening) ?? examineJoining())
    var table = TextTable([.left, .left, .left])
    for finding in findings { table.add([finding.isWell ? "ok" : "failed", finding.step, finding.text]) }
    try json.write(findings, text: table.text)
    if findings.contains(where: { !$0.isWell }) { throw ExitCode(ExitStatus.unavailable) }
  }

  private func examineListening(_ address: String) throws -> [Doctor.Finding] {
    let endpoint = try Endpoint(address)
    return CoordinatorChecks.findings(endpoint) { () throws(TransportError) in try keys.keys(toListenAt: endpoint) }
  }

  private func examineJoining() throws -> [Doctor.Finding] {
    switch try JoinSource.resolve(join) {
    case .address(let endpoint): return Doctor.examine(endpoint, keys: try keys.keys(toJoin: endpoint))
    case .token(let token): return Doctor.examine(token)
    }
  }
}
