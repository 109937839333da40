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

  @Option(
    help: ArgumentHelp(
      "Go on with the forest that this run's folder holds. It says the settings; --trees and others are not looked at.",
      valueName: "run"),
    completion: .directory)
  var resume: String?

  @OptionGroup var options: TrainOptions

  func run() throws {
    if let resume {
      let (settings, output) = try UnfinishedForest.resume(resume)
      var options = options
      options.data.data = try options.data.data ?? UnfinishedForest.data(of: resume)
      options.output.output = output
      return try options.run(.forest(settings))
    }
    var settings = ForestSettings()
    (settings.trees, settings.bootstrap) = (trees, bootstrap)
    tree.apply(to: &settings.tree)
    try options.run(.forest(settings))
  }
}
