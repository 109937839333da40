internal import ArgumentParser
internal import Models

struct SweepForestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forest",
    abstract: "Searches the parameters of a random forest.",
    usage: "atelier sweep forest [<parameters>] [<options>]",
    discussion: """
      Each parameter takes a comma-separated list of values.

      Example:  atelier sweep forest --trees 100,200,300 --max-depth 10,20,none
      """)

  @OptionGroup(title: "Parameters (values separated by commas)") var settings: ForestSettingOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.forest, settings.values) }
}

struct SweepTreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Searches the parameters of a decision tree.",
    usage: "atelier sweep tree [<parameters>] [<options>]",
    discussion: """
      Each parameter takes a comma-separated list of values.

      Example:  atelier sweep tree --criterion gini,entropy --max-depth 10,50,100
      """)

  @OptionGroup(title: "Parameters (values separated by commas)") var settings: TreeSettingOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.tree, settings.values) }
}

struct SweepKNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn",
    abstract: "Searches the parameters of k-nearest neighbors.",
    usage: "atelier sweep knn [<parameters>] [<options>]",
    discussion: """
      Each parameter takes a comma-separated list of values.

      Example:  atelier sweep knn --neighbors 3,5,7,9,11 --weights uniform,distance
      """)

  @OptionGroup(title: "Parameters (values separated by commas)") var settings: NeighborsSettingOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.knn, settings.values) }
}

struct SweepCNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn",
    abstract: "Searches the parameters of a convolutional network.",
    usage: "atelier sweep cnn [<parameters>] [<options>]",
    discussion: """
      Each parameter takes a comma-separated list of values. The values of filters, dense and augment are lists \
      themselves, and are separated by semicolons.

      Example:  atelier sweep cnn --filters '32,64;64,128;128,256' --epochs 4 --hold-out 0.1
      """)

  @OptionGroup(title: "Parameters (values separated by commas, lists by semicolons)") var settings:
    NetworkSettingOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.cnn, settings.values) }
}
