internal import ArgumentParser

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a model, evaluates it on the test set, and saves it.",
    discussion: """
      The model is saved as safetensors, which `atelier evaluate` and `atelier predict` read, and Python as well. The \
      digest that is printed at the end is SHA-256 over the model's numbers: the same data and settings give the same \
      digest, on any number of threads and on every processor.

      Example:  atelier train forest --trees 300 --output forest.safetensors
      Example:  atelier train --resume latest
      """,
    subcommands: [
      TrainCNNCommand.self, TrainForestCommand.self, TrainTreeCommand.self, TrainKNNCommand.self,
      TrainResumeCommand.self,
    ], defaultSubcommand: TrainResumeCommand.self)
}
