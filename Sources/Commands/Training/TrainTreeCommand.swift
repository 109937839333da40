internal import ArgumentParser
internal import Models

struct TrainTreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Trains a single decision tree.",
    usage: "atelier train tree [<options>]",
    discussion: """
      The parameters and defaults are those of scikit-learn's DecisionTreeClassifier.

      Example:  atelier train tree --criterion entropy
      """)

  @OptionGroup var settings: TreeSettingOptions
  @OptionGroup var seed: SeedOption
  @OptionGroup var options: TrainOptions

  func run() throws { try options.run(ModelSettings(.tree, settings.values.merging(seed.values) { $1 })) }
}
