internal import ArgumentParser
internal import Models

struct TrainForestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forest",
    abstract: "Trains a random forest.",
    usage: "atelier train forest [<options>]",
    discussion: """
      Parameters and defaults are those of scikit-learn's RandomForestClassifier.

      Example:  atelier train forest --trees 300 --max-depth 20
      """)

  @Option(help: ArgumentHelp("Trees in the forest.", valueName: "n"))
  var trees = 100

  @OptionGroup var tree: TreeOptions

  @Flag(inversion: .prefixedNo, help: "Give each tree as many images as there are, drawn with replacement.")
  var bootstrap = true

  @OptionGroup var options: TrainOptions

  func run() throws {
    var settings = ForestSettings()
    (settings.trees, settings.bootstrap) = (trees, bootstrap)
    tree.apply(to: &settings.tree)
    try options.run(.forest(settings))
  }
}
