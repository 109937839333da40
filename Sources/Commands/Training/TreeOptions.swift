internal import ArgumentParser
internal import Models

extension TreeSettings.Criterion: ExpressibleByArgument {}

extension MaxFeatures: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// A number, or `none` for no limit, as a sweep writes it.
struct NumberOrNone: ExpressibleByArgument {
  let number: Int?

  init?(argument: String) {
    number = Int(argument)
    if number == nil, argument != "none" { return nil }
  }
}

/// How trees grow: what the forest and the single tree have in common.
struct TreeOptions: ParsableArguments {
  private static let standard = TreeSettings()

  @Option(
    help: ArgumentHelp("What a split must reduce most: gini or entropy (default: \(standard.criterion.rawValue))."))
  var criterion: TreeSettings.Criterion?

  @Option(
    help: ArgumentHelp("Maximum number of splits between the root and a leaf (default: none).", valueName: "n|none"))
  var maxDepth: NumberOrNone?

  @Option(
    help: ArgumentHelp(
      "Pixels that each node looks at: sqrt, log2, all, or a fraction (default: sqrt for a forest, all for a tree).",
      valueName: "sqrt|log2|all|fraction"))
  var maxFeatures: MaxFeatures?

  @Option(
    help: ArgumentHelp(
      "Minimum number of images in a node that is split (default: \(standard.minSamplesSplit)).", valueName: "n"))
  var minSamplesSplit: Int?

  @Option(
    help: ArgumentHelp(
      "Minimum number of images on each side of a split (default: \(standard.minSamplesLeaf)).", valueName: "n"))
  var minSamplesLeaf: Int?

  @Option(help: ArgumentHelp("Random seed (default: \(standard.seed)).", valueName: "n"))
  var seed: UInt64?

  func apply(to settings: inout TreeSettings) {
    settings.criterion = criterion ?? settings.criterion
    settings.maxDepth = maxDepth.map(\.number) ?? settings.maxDepth
    settings.maxFeatures = maxFeatures ?? settings.maxFeatures
    settings.minSamplesSplit = minSamplesSplit ?? settings.minSamplesSplit
    settings.minSamplesLeaf = minSamplesLeaf ?? settings.minSamplesLeaf
    settings.seed = seed ?? settings.seed
  }

  var given: [String] {
    givenOptions([
      "criterion": criterion, "max-depth": maxDepth, "max-features": maxFeatures,
      "min-samples-split": minSamplesSplit, "min-samples-leaf": minSamplesLeaf, "seed": seed,
    ])
  }
}
