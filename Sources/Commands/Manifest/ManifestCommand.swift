internal import ArgumentParser

struct ManifestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest",
    abstract: "Prints the definition of a training or sweep for another program that starts it.",
    discussion: """
      Example:  atelier manifest kubernetes --image registry.example/atelier --workers 4 -- train cnn
      """,
    subcommands: [KubernetesManifestCommand.self])
}
