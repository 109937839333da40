internal import ArgumentParser
internal import Models

extension TreeSettings.Criterion: ExpressibleByArgument {}

extension MaxFeatures: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// How trees grow: what the forest and the single tree have in common.
struct TreeOptions: ParsableArguments {
  @Option(help: "What a split must reduce most.")
  var criterion = TreeSettings.Criterion.gini

  @Option(help: ArgumentHelp("Splits between the root and a leaf, at most (default: no limit).", valueName: "n"))
  var maxDepth: Int?

  @Option(
    help: ArgumentHelp(
      "Pixels that each node looks at: sqrt, log2, all, or a fraction (default: sqrt for a forest, all for a tree).",
      valueName: "sqrt|log2|all|fraction"))
  var maxFeatures: MaxFeatures?

  @Option(help: ArgumentHelp("A node with fewer images is not split.", valueName: "n"))
  var minSamplesSplit = 2

  @Option(help: ArgumentHelp("Images that a split leaves on each side, at least.", valueName: "n"))
  var minSamplesLeaf = 1

  @Option(help: ArgumentHelp("Decides all that is drawn at random.", valueName: "n"))
  var seed: UInt64 = 0

  func apply(to settings: inout TreeSettings) {
    (settings.criterion, settings.maxDepth) = (criterion, maxDepth)
    settings.maxFeatures = maxFeatures ?? settings.maxFeatures
    (settings.minSamplesSplit, settings.minSamplesLeaf) = (minSamplesSplit, minSamplesLeaf)
    settings.seed = seed
  }
}
