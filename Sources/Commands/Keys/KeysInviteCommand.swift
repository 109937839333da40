internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Text
internal import Transport

struct KeysInviteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite",
    abstract: "Prints a join token, with which workers on other hosts join.",
    usage: "atelier keys invite [--uses <n>] [--for <time>] [--address <host:port>]…",
    discussion: """
      Run it on the coordinator's host, before or after the coordinator starts. The token is one line with the \
      coordinator's public key, its addresses and a secret. Give it to workers through standard input, a file that \
      only its owner can read, the variable ATELIER_JOIN, or a systemd credential; never as an argument, because every \
      user of a host can read arguments. A worker uses the token once, and keeps its own key for later starts.

      The coordinator's key is created if there is none yet.

      Example:  atelier keys invite | ssh worker-1 atelier worker --join -
      Example:  (umask 077; atelier keys invite --uses 8 --for 30m > token)
      """)

  @Option(help: ArgumentHelp("Number of workers that may enroll with the token.", valueName: "n"))
  var uses = 1

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Time after which the token expires: a number with s, m, h or d, such as 90s, 30m, 1h or 7d.",
      valueName: "time"))
  var lifetime = Lifetime(seconds: 3_600)

  @Option(
    help: ArgumentHelp(
      """
      Address at which workers reach the coordinator; can be repeated, workers try one after the other (default: the \
      addresses of this host with port \(Self.standardPort)).
      """,
      valueName: "host:port"))
  var address: [String] = []

  @OptionGroup var keys: KeyOptions

  static let standardPort = 7_700
  private static let maxStandardAddresses = 4

  func validate() throws {
    if !(1...10_000).contains(uses) { throw ValidationError("--uses must be from 1 to 10000, not \(uses)") }
  }

  func run() throws {
    let addresses = try address.map { text throws(TransportError) in try Endpoint(hostAndPort: text) }
    let token = try InvitationBook(folder: keys.folder).invite(
      uses: uses, lifetime: .seconds(lifetime.seconds), coordinator: try keys.createdCoordinatorKey().publicKey,
      addresses: addresses.isEmpty ? try standardAddresses() : addresses)
    try StandardOutput.write(token.text)
    let isStandard = keys.keys == nil && !token.addresses.allSatisfy(\.isLocal)
    StandardError.shared.write(
      """
      \(counted(uses, "worker")) may enroll within \(lifetime); the coordinator must listen at \
      \(token.addresses.map(\.text).joined(separator: " or "))\(isStandard ? "" : " with --keys \(keys.folder)")
      """)
  }

  private func standardAddresses() throws -> [Endpoint] {
    let own = LocalAddress.allExternal.prefix(Self.maxStandardAddresses)
    guard !own.isEmpty else {
      throw TransportError("this host has no address but loopback: give one with --address HOST:PORT")
    }
    return try own.map { try Endpoint(hostAndPort: "\($0):\(Self.standardPort)") }
  }
}

/// A duration on the command line, such as `30m`.
struct Lifetime: ExpressibleByArgument, CustomStringConvertible {
  let seconds: Int

  private static let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
  private static let longest = 365 * 86_400

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    guard let (_, factor) = Self.units.first(where: { argument.hasSuffix($0.0) }), let count = Int(argument.dropLast()),
      (1...Self.longest / factor).contains(count)
    else { return nil }
    seconds = count * factor
  }

  var description: String {
    let (name, factor) = Self.units.first { seconds % $0.1 == 0 }!
    return "\(seconds / factor)\(name)"
  }

  var defaultValueDescription: String { description }
}
