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

  @Option(help: ArgumentHelp("Number of trees.", valueName: "list"))
  var trees: String?
  @Option(help: ArgumentHelp("Whether to bootstrap the images of each tree: true, false.", valueName: "list"))
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
      Each parameter takes a comma-separated list of values.

      Example:  atelier sweep tree --criterion gini,entropy --max-depth 10,50,100
      """)

  @OptionGroup var tree: SweepTreeOptions
  @OptionGroup var sweep: SweepOptions

  func run() throws { try sweep.run(.tree, tree.values) }
}

/// The parameters that trees and forests have in common.
struct SweepTreeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Split criterion: gini, entropy.", valueName: "list"))
  var criterion: String?
  @Option(help: ArgumentHelp("Maximum depth of a tree, or none for no limit.", valueName: "list"))
  var maxDepth: String?
  @Option(help: ArgumentHelp("Pixels considered for each split: sqrt, log2, all, or a fraction.", valueName: "list"))
  var maxFeatures: String?
  @Option(help: ArgumentHelp("Minimum number of images in a node to split it.", valueName: "list"))
  var minSamplesSplit: String?
  @Option(help: ArgumentHelp("Minimum number of images on each side of a split.", valueName: "list"))
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
      Each parameter takes a comma-separated list of values.

      Example:  atelier sweep knn --neighbors 3,5,7,9,11 --weights uniform,distance
      """)

  @Option(help: ArgumentHelp("Number of neighbors.", valueName: "list"))
  var neighbors: String?
  @Option(help: ArgumentHelp("Distance metric: euclidean, manhattan, cosine.", valueName: "list"))
  var metric: String?
  @Option(help: ArgumentHelp("Weights of the votes: uniform, distance.", valueName: "list"))
  var weights: String?
  @Option(help: ArgumentHelp("Number of principal components to compare by, or none.", valueName: "list"))
  var components: String?
  @Option(help: ArgumentHelp("Exponent P: components are scaled by variance to the power -P/2.", valueName: "list"))
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
      Each parameter takes a comma-separated list of values. The values of filters, dense and augment are lists \
      themselves, and are separated by semicolons.

      Example:  atelier sweep cnn --filters '32,64;64,128;128,256' --epochs 4 --hold-out 0.1
      """)

  @Option(help: ArgumentHelp("Number of filters of each block.", valueName: "lists"))
  var filters: String?
  @Option(help: ArgumentHelp("Height and width of the filters: 1, 3, 5, 7.", valueName: "list"))
  var kernel: String?
  @Option(help: ArgumentHelp("Padding: same, valid.", valueName: "list"))
  var padding: String?
  @Option(help: ArgumentHelp("Batch normalization: true, false.", valueName: "list"))
  var batchNorm: String?
  @Option(help: ArgumentHelp("Number of units of each hidden dense layer, or none.", valueName: "lists"))
  var dense: String?
  @Option(help: ArgumentHelp("Fraction of the inputs of dense layers to drop.", valueName: "list"))
  var dropout: String?
  @Option(help: ArgumentHelp("Number of epochs.", valueName: "list"))
  var epochs: String?
  @Option(help: ArgumentHelp("Batch size.", valueName: "list"))
  var batch: String?
  @Option(help: ArgumentHelp("Optimizer: sgd, adam, adamw.", valueName: "list"))
  var optimizer: String?
  @Option(help: ArgumentHelp("Peak learning rate.", valueName: "list"))
  var learningRate: String?
  @Option(help: ArgumentHelp("Learning rate schedule: constant, cosine, one-cycle.", valueName: "list"))
  var schedule: String?
  @Option(help: ArgumentHelp("Weight decay.", valueName: "list"))
  var weightDecay: String?
  @Option(help: ArgumentHelp("Label smoothing.", valueName: "list"))
  var labelSmoothing: String?
  @Option(help: ArgumentHelp("Augmentation: lists of flip, shift:PIXELS and erase, or none.", valueName: "lists"))
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
