internal import ArgumentParser
internal import Models

extension TreeSettings.Criterion: ExpressibleByArgument {}

extension MaxFeatures: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// A number, or `none` for no limit, as in sweep files.
struct NumberOrNone: ExpressibleByArgument {
  let number: Int?

  init?(argument: String) {
    number = Int(argument)
    if number == nil, argument != "none" { return nil }
  }
}

/// The options that forests and single trees have in common.
struct TreeOptions: ParsableArguments {
  private static let standard = TreeSettings()

  @Option(
    help: ArgumentHelp("Split criterion: gini or entropy (default: \(standard.criterion.rawValue))."))
  var criterion: TreeSettings.Criterion?

  @Option(
    help: ArgumentHelp("Maximum depth of a tree, in splits (default: none, no limit).", valueName: "n|none"))
  var maxDepth: NumberOrNone?

  @Option(
    help: ArgumentHelp(
      "Pixels considered for each split: sqrt, log2, all, or a fraction (default: sqrt for forests, all for trees).",
      valueName: "sqrt|log2|all|fraction"))
  var maxFeatures: MaxFeatures?

  @Option(
    help: ArgumentHelp(
      "Minimum number of images in a node to split it (default: \(standard.minSamplesSplit)).", valueName: "n"))
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
