internal import ArgumentParser
internal import Foundation
internal import Text
internal import Transport

struct KeysListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the workers whose keys are admitted, and the invitations.",
    discussion: "Example:  atelier keys list")

  @OptionGroup var keys: KeyOptions
  @OptionGroup var json: JSONOptions

  private struct Report: Encodable {
    var workers: [Worker] = []
    var invitations: [Guest] = []

    struct Worker: Encodable {
      let name: String
      let key: String
      /// The invitation with which the worker has enrolled; not set if its key was copied.
      let invitation: String?
      let enrolled: Date?
    }

    struct Guest: Encodable {
      let name: String
      let state: String
      let uses: Int
      let used: Int
      let expires: Date
      let revokedWorkers: [String]
    }
  }

  func run() throws {
    try json.check()
    let book = InvitationBook(folder: keys.folder)
    var faults = try book.reload()
    let (report, keyFaults) = try report(of: book)
    faults += keyFaults
    try json.write(report, text: Self.text(of: report))
    for fault in faults { StandardError.shared.write("ignored: \(fault)") }
  }

  private func report(of book: InvitationBook) throws -> (Report, [TransportError]) {
    var report = Report()
    let invitations = book.current.byGuest.values.sorted { ($0.expiry, $0.name) < ($1.expiry, $1.name) }
    let (named, faults) = book.exists ? try KeyFiles.namedPublicKeys(in: keys.folder) : ([:], [])
    for (name, key) in named.sorted(by: { $0.key < $1.key }) where name != KeyOptions.coordinatorName {
      let invitation = invitations.first { $0.workers.contains { $0.key == key } }
      let time = invitation?.workers.first { $0.key == key }?.time
      report.workers.append(
        .init(name: name, key: key.z85, invitation: invitation?.name, enrolled: time.map(Self.date)))
    }
    report.invitations = invitations.map { invitation in
      .init(
        name: invitation.name, state: "\(invitation.state(at: InvitationBook.now))", uses: invitation.uses,
        used: invitation.workers.count, expires: Self.date(invitation.expiry),
        revokedWorkers: invitation.workers.filter(\.isRevoked).map(\.name))
    }
    return (report, faults)
  }

  private static func date(_ time: UInt64) -> Date { Date(timeIntervalSince1970: Double(min(time, 1 << 40))) }

  private static func text(of report: Report) -> String {
    if report.workers.isEmpty, report.invitations.isEmpty { return "no workers are admitted, and none is invited" }
    var sections: [String] = []
    if !report.workers.isEmpty {
      var table = TextTable([.left, .left, .left], header: ["worker", "key", "enrolled"])
      for worker in report.workers {
        let time = worker.enrolled?.formatted(.iso8601)
        table.add([
          worker.name.printable, worker.key, time.map { "\($0) with \(worker.invitation ?? "")" } ?? "key was copied",
        ])
      }
      sections.append(table.text)
    }
    if !report.invitations.isEmpty {
      var table = TextTable([.left, .left, .right, .left], header: ["invitation", "state", "used", "expires"])
      for invitation in report.invitations {
        table.add([
          invitation.name.printable, invitation.state, "\(invitation.used) of \(invitation.uses)",
          invitation.expires.formatted(.iso8601),
        ])
      }
      sections.append(table.text)
    }
    return sections.joined(separator: "\n\n")
  }
}

struct KeysRevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Withdraws an invitation, or a worker's permission to join.",
    discussion: """
      A running coordinator notices it within a second. The names are those of atelier keys list.

      Example:  atelier keys revoke invitation-1
      """)

  @Argument(help: "Name of the invitation or of the worker's key.")
  var name: String

  @OptionGroup var keys: KeyOptions

  func validate() throws {
    if let fault = KeyName.fault(of: name) { throw ValidationError(fault) }
    if name == KeyOptions.coordinatorName {
      throw ValidationError("'\(name)' is the key of this host's coordinator: to replace it, remove its files")
    }
  }

  func run() throws {
    let book = InvitationBook(folder: keys.folder)
    guard try book.revoke(name) else {
      throw TransportError(
        "no worker or invitation that is not revoked is named \(name): see `atelier keys list`", .badAddress)
    }
    try StandardOutput.write("revoked \(name)")
    // A holder of the token could enroll another key.
    let open = book.current.byGuest.values.first {
      $0.state(at: InvitationBook.now) == .open && $0.workers.contains { $0.name == name }
    }
    if let open {
      StandardError.shared.write(
        """
        \(open.name), with which \(name) enrolled, permits \(counted(open.uses - open.workers.count, "more worker")): \
        withdraw it as well with `atelier keys revoke \(open.name)`
        """)
    }
  }
}
