internal import ArgumentParser
internal import Foundation
internal import Transport

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Creates the key pair with which a host authenticates itself to others.",
    usage: "atelier keys <name> [--keys <dir>]",
    discussion: """
      Writes NAME.secret, which only you can read and which must never leave the host, and NAME.public, which you copy \
      to the hosts that are to trust this one. The coordinator's key is named `coordinator`; a worker's key can have \
      the name of its host.

      Copy coordinator.public to the workers, and each worker's NAME.public to the coordinator, into the folder of keys.

      Example:  atelier keys coordinator   (on the coordinator's host)
      Example:  atelier keys worker-1      (on the first worker's host)
      """)

  @Argument(help: "Name of the key files: coordinator, or a name for the worker.")
  var name: String

  @OptionGroup var keys: KeyOptions

  func validate() throws {
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
    if name.isEmpty || name.hasPrefix(".") || name.unicodeScalars.contains(where: { !allowed.contains($0) }) {
      throw ValidationError(
        "invalid key name '\(name)': use only letters, digits, '-', '_' and '.', and do not begin with '.'")
    }
  }

  func run() throws {
    let pair = try KeyFiles.create(named: name, in: keys.folder)
    try StandardOutput.write(
      """
      secret key  \(keys.folder)/\(name).secret  (do not copy it)
      public key  \(keys.folder)/\(name).public  \(pair.publicKey.z85)
      """)
  }
}
