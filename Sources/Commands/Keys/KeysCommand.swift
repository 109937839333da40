internal import ArgumentParser
internal import Foundation
internal import Text
internal import Transport

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Creates the keys with which hosts authenticate each other, and invites workers.",
    discussion: """
      To let workers on other hosts join, run `atelier keys invite` on the coordinator's host, and give the line that \
      it prints to the workers (`atelier worker --join -`). Workers then create and enroll their own keys.

      Keys can also be copied by hand: `atelier keys NAME` creates a key pair. Copy coordinator.public to the workers, \
      and each worker's NAME.public to the coordinator, into the folder of keys.

      Example:  atelier keys invite --uses 4 --address 10.0.0.1:7700
      Example:  atelier keys worker-1      (the same as atelier keys create worker-1)
      """,
    subcommands: [
      KeysInviteCommand.self, KeysListCommand.self, KeysRevokeCommand.self, KeysSecretCommand.self,
      KeysCreateCommand.self,
    ],
    defaultSubcommand: KeysCreateCommand.self)
}

struct KeysCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Creates a key pair (default).",
    discussion: """
      Writes NAME.secret, which only you can read and which must never leave the host, and NAME.public, which you copy \
      to the hosts that are to trust this one. The coordinator's key is named `coordinator`; a worker's key can have \
      the name of its host.

      Example:  atelier keys create coordinator   (on the coordinator's host)
      Example:  atelier keys create worker-1      (on the first worker's host)
      """)

  @Argument(help: "Name of the key files: coordinator, or a name for the worker.")
  var name: String

  @OptionGroup var keys: KeyOptions

  func validate() throws {
    if let fault = KeyName.fault(of: name) { throw ValidationError(fault) }
    // `keys lst` means `keys list`, and not `keys create lst`.
    let isExplicit = CommandLine.arguments.dropFirst(2).first == Self.configuration.commandName
    let commands = KeysCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    if !isExplicit, let command = name.nearest(among: commands) {
      throw ValidationError(
        """
        unknown subcommand '\(name)'; did you mean `atelier keys \(command)`? A key of this name is created by \
        `atelier keys create \(name)`
        """)
    }
  }

  func run() throws {
    let invitations = InvitationBook(folder: keys.folder)
    try invitations.reload()
    if invitations.current.names.contains(name) {
      throw TransportError("an invitation named \(name) exists already: choose another name", .notCreated)
    }
    let pair = try KeyFiles.create(named: name, in: keys.folder)
    try StandardOutput.write(
      """
      secret key  \(keys.folder)/\(name).secret  (do not copy it)
      public key  \(keys.folder)/\(name).public  \(pair.publicKey.z85)
      """)
  }
}

struct KeysSecretCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secret",
    abstract: "Prints a new secret for a job whose processes all start alike.",
    discussion: """
      The coordinator and the workers of a job derive their keys from the secret if \(JobSecret.variable) holds it, or \
      \(JobSecret.fileVariable) the path of a file with it that only you can read. Nothing is stored. Every process \
      that knows the secret can be worker and coordinator of the job, so use another one for each job.

      Example:  export \(JobSecret.variable)=$(atelier keys secret)
      """)

  func run() throws { try StandardOutput.write(JobSecret().text) }
}

/// The names of keys, which are also names of files.
enum KeyName {
  /// Returns why a name is invalid, or nil.
  static func fault(of name: String) -> String? {
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
    guard name.isEmpty || name.hasPrefix(".") || name.unicodeScalars.contains(where: { !allowed.contains($0) }) else {
      return nil
    }
    return "invalid key name '\(name)': use only letters, digits, '-', '_' and '.', and do not begin with '.'"
  }
}
