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

  @Option(help: ArgumentHelp("Trees in the forest (default: \(ForestSettings().trees)).", valueName: "n"))
  var trees: Int?

  @OptionGroup var tree: TreeOptions

  @Flag(
    inversion: .prefixedNo,
    help: "Give each tree as many images as there are, drawn with replacement (default: \(ForestSettings().bootstrap))."
  )
  var bootstrap: Bool?

  @Option(
    help: ArgumentHelp("Go on with the forest that this run's folder holds. It says the settings.", valueName: "run"),
    completion: .directory)
  var resume: String?

  @OptionGroup var options: TrainOptions

  func validate() throws {
    let given = givenOptions(["trees": trees, "bootstrap": bootstrap]) + tree.given
    if resume != nil, !given.isEmpty {
      throw ValidationError(
        "--resume takes the forest's settings from the unfinished one; leave out \(given.joined(separator: ", "))")
    }
  }

  func run() throws {
    if let resume {
      let (settings, model) = try UnfinishedForest.resume(resume)
      var options = options
      let (data, classNames) = try UnfinishedForest.data(of: resume)
      options.data.data = options.data.data ?? data
      if let output = options.output.output { try UnfinishedForest.move(from: model, to: output) }
      options.output.output = options.output.output ?? model
      return try options.run(.forest(settings), classes: (names: classNames, of: "the unfinished forest"))
    }
    var settings = ForestSettings()
    settings.trees = trees ?? settings.trees
    settings.bootstrap = bootstrap ?? settings.bootstrap
    tree.apply(to: &settings.tree)
    try options.run(.forest(settings))
  }
}
