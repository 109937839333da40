internal import ArgumentParser
internal import Models

/// The options that forests and single trees have in common.
struct TreeSettingOptions: SettingOptions {
  @Option(setting: "criterion", of: .forest, .tree) var criterion: String?
  @Option(setting: "max-depth", of: .forest, .tree) var maxDepth: String?
  @Option(setting: "max-features", of: .forest, .tree) var maxFeatures: String?
  @Option(setting: "min-samples-split", of: .forest, .tree) var minSamplesSplit: String?
  @Option(setting: "min-samples-leaf", of: .forest, .tree) var minSamplesLeaf: String?
}

/// Options for a random forest.
struct ForestSettingOptions: SettingOptions {
  @Option(setting: "trees", of: .forest) var trees: String?
  @Option(setting: "bootstrap", of: .forest) var bootstrap: String?
  @OptionGroup var tree: TreeSettingOptions
}
