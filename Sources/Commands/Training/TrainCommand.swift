internal import ArgumentParser
internal import Models

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model, evaluates it on the test set, and saves it.",
    discussion: """
      The model is saved as a safetensors file, for `atelier evaluate`, `atelier predict`, or Python. The digest that \
      is printed at the end is SHA-256 over the model's tensors: the same data and settings give the same digest on \
      any number of workers and threads and on every processor.

      Example:  atelier train forest --trees 300 --output forest.safetensors
      Example:  atelier train --resume latest
      """,
    subcommands: ModelFamilies.all.map { $0.trainCommand } + [TrainResumeCommand.self],
    defaultSubcommand: TrainResumeCommand.self)
}
