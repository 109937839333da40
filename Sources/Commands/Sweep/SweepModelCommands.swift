internal import ArgumentParser
internal import Models

/// Values of each parameter, with commas between; where a value is itself a list, with semicolons.
struct SweepForestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forest",
    abstract: "Searches the parameters of a random forest.",
    usage: "atelier sweep forest [<parameters>] [<options>]",
    discussion: """
      Each parameter takes several values, with commas between.

      Example:  atelier sweep forest --trees 100,200,300 --max-depth 10,20,none
      """)

  @Option(help: ArgumentHelp("Trees in the forest.", valueName: "list"))
  var trees: String?
  @Option(help: ArgumentHelp("Bootstrap: true, false.", valueName: "list"))
  var bootstrap: String?
  @OptionGroup var tree: SweepTreeOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws {
    try sweep.run(.forest, tree.values.merging(["trees": trees, "bootstrap": bootstrap]) { $1 })
  }
}

struct SweepTreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Searches the parameters of a decision tree.",
    usage: "atelier sweep tree [<parameters>] [<options>]",
    discussion: """
      Each parameter takes several values, with commas between.

      Example:  atelier sweep tree --criterion gini,entropy --max-depth 10,50,100
      """)

  @OptionGroup var tree: SweepTreeOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.tree, tree.values) }
}

/// What trees and forests have in common.
struct SweepTreeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What a split must reduce most: gini, entropy.", valueName: "list"))
  var criterion: String?
  @Option(help: ArgumentHelp("Splits between the root and a leaf, or none for no limit.", valueName: "list"))
  var maxDepth: String?
  @Option(help: ArgumentHelp("Features that each node looks at: sqrt, log2, all, or a fraction.", valueName: "list"))
  var maxFeatures: String?
  @Option(help: ArgumentHelp("A node with fewer images becomes a leaf.", valueName: "list"))
  var minSamplesSplit: String?
  @Option(help: ArgumentHelp("A split must leave so many images on each side.", valueName: "list"))
  var minSamplesLeaf: String?

  var values: [String: String?] {
    [
      "criterion": criterion, "max-depth": maxDepth, "max-features": maxFeatures,
      "min-samples-split": minSamplesSplit, "min-samples-leaf": minSamplesLeaf,
    ]
  }
}

struct SweepKNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn",
    abstract: "Searches the parameters of k-nearest neighbors.",
    usage: "atelier sweep knn [<parameters>] [<options>]",
    discussion: """
      Each parameter takes several values, with commas between.

      Example:  atelier sweep knn --neighbors 3,5,7,9,11 --weights uniform,distance
      """)

  @Option(help: ArgumentHelp("Neighbours that vote.", valueName: "list"))
  var neighbors: String?
  @Option(help: ArgumentHelp("How far images are from each other: euclidean, manhattan, cosine.", valueName: "list"))
  var metric: String?
  @Option(help: ArgumentHelp("How votes count: uniform, distance.", valueName: "list"))
  var weights: String?
  @Option(help: ArgumentHelp("Principal components to compare by, or none.", valueName: "list"))
  var components: String?
  @Option(help: ArgumentHelp("P: each component is scaled by its variance to the power -P/2.", valueName: "list"))
  var whitening: String?
  @OptionGroup var sweep: SweepOptions

  func run() throws {
    try sweep.run(
      .knn,
      [
        "neighbors": neighbors, "metric": metric, "weights": weights, "components": components,
        "whitening": whitening,
      ])
  }
}

struct SweepCNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn",
    abstract: "Searches the parameters of a convolutional network.",
    usage: "atelier sweep cnn [<parameters>] [<options>]",
    discussion: """
      Each parameter takes several values, with commas between; filters, dense and augment, whose values are lists \
      themselves, with semicolons.

      Example:  atelier sweep cnn --filters '32,64;64,128;128,256' --epochs 4 --hold-out 0.1
      """)

  @Option(help: ArgumentHelp("Filters of each block.", valueName: "lists"))
  var filters: String?
  @Option(help: ArgumentHelp("Side of the convolutions: 1, 3, 5, 7.", valueName: "list"))
  var kernel: String?
  @Option(help: ArgumentHelp("Padding: same, valid.", valueName: "list"))
  var padding: String?
  @Option(help: ArgumentHelp("Batch normalization: true, false.", valueName: "list"))
  var batchNorm: String?
  @Option(help: ArgumentHelp("Units of the dense layers, or none.", valueName: "lists"))
  var dense: String?
  @Option(help: ArgumentHelp("Share of units that are dropped.", valueName: "list"))
  var dropout: String?
  @Option(help: ArgumentHelp("Epochs of the training.", valueName: "list"))
  var epochs: String?
  @Option(help: ArgumentHelp("Images in a batch.", valueName: "list"))
  var batch: String?
  @Option(help: ArgumentHelp("Optimizer: sgd, adam, adamw.", valueName: "list"))
  var optimizer: String?
  @Option(help: ArgumentHelp("Peak learning rate.", valueName: "list"))
  var learningRate: String?
  @Option(help: ArgumentHelp("Schedule: constant, cosine, one-cycle.", valueName: "list"))
  var schedule: String?
  @Option(help: ArgumentHelp("Weight decay.", valueName: "list"))
  var weightDecay: String?
  @Option(help: ArgumentHelp("Label smoothing.", valueName: "list"))
  var labelSmoothing: String?
  @Option(help: ArgumentHelp("Augmentation, or none.", valueName: "lists"))
  var augment: String?
  @OptionGroup var sweep: SweepOptions

  func run() throws {
    try sweep.run(
      .cnn,
      [
        "filters": filters, "kernel": kernel, "padding": padding, "batch-norm": batchNorm, "dense": dense,
        "dropout": dropout, "epochs": epochs, "batch": batch, "optimizer": optimizer, "learning-rate": learningRate,
        "schedule": schedule, "weight-decay": weightDecay, "label-smoothing": labelSmoothing, "augment": augment,
      ])
  }
}
