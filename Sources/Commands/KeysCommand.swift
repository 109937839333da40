internal import ArgumentParser
internal import Foundation
internal import Transport

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Creates the pair of keys by which hosts authenticate each other.",
    usage: "atelier keys <name> [--keys <dir>]",
    discussion: """
      Writes NAME.secret, which only you can read and which never leaves the host, and NAME.public, to be copied to those \
      who shall trust it. The coordinator's name is `coordinator`; a worker's can be its host's.

      Copy coordinator.public to the workers, and each worker's NAME.public to the coordinator, into the folder of keys.

      Example:  atelier keys coordinator   (on the coordinator's host)
      Example:  atelier keys worker-1      (on the first worker's)
      """)

  @Argument(help: "What the files are called: coordinator, or a name for the worker.")
  var name: String

  @OptionGroup var keys: KeyOptions

  func validate() throws {
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
    if name.isEmpty || name.hasPrefix(".") || name.unicodeScalars.contains(where: { !allowed.contains($0) }) {
      throw ValidationError("a key's name is made of letters, digits, '-', '_' and '.'")
    }
  }

  func run() throws {
    let pair = try KeyFiles.create(named: name, in: keys.folder)
    try StandardOutput.write(
      """
      secret key  \(keys.folder)/\(name).secret  (never copy it)
      public key  \(keys.folder)/\(name).public  \(pair.publicKey.z85)
      """)
  }
}
