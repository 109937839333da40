internal import ArgumentParser
internal import Datasets
internal import Models

extension Padding: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension LearningRateSchedule: ExpressibleByArgument {}

/// Integers separated by commas, or `none`.
struct IntegerList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    guard let numbers = NetworkSettings.integers(argument) else { return nil }
    self.numbers = numbers
  }
}

/// A named set of settings, which other options modify.
enum NetworkPreset: String, ExpressibleByArgument, CaseIterable {
  case standard, best

  var settings: NetworkSettings { self == .best ? .best : NetworkSettings() }
}

/// Options for the architecture and the training of a network. All are optional: a preset or a checkpoint has the rest.
struct NetworkOptions: ParsableArguments {
  private static let standard = NetworkSettings().text

  private static func help(_ text: String, _ name: String, valueName: String? = nil) -> ArgumentHelp {
    ArgumentHelp("\(text) (default: \(standard[name]!)).", valueName: valueName)
  }

  @Option(
    help: ArgumentHelp(
      """
      Base settings: standard, or best, which is more accurate and takes five times as long. Other options modify them.
      """))
  var preset: NetworkPreset?

  @Option(
    help: help(
      "Number of filters of each block of convolution, pooling and normalization", "filters", valueName: "n,n,…"))
  var filters: IntegerList?
  @Option(help: help("Height and width of the filters: 1, 3, 5 or 7", "kernel", valueName: "n"))
  var kernel: Int?
  @Option(help: help("Padding of convolutions: same (with zeros) or valid (none)", "padding"))
  var padding: Padding?
  @Flag(inversion: .prefixedNo, help: "Use batch normalization in each block (default: \(standard["batch-norm"]!)).")
  var batchNorm: Bool?
  @Option(help: help("Number of units of each hidden dense layer, or none", "dense", valueName: "n,n,…"))
  var dense: IntegerList?
  @Option(help: help("Fraction of the inputs of dense layers to drop", "dropout", valueName: "fraction"))
  var dropout: Float?
  @Option(help: help("Number of passes over the training images", "epochs", valueName: "n"))
  var epochs: Int?
  @Option(help: help("Batch size, in images", "batch", valueName: "n"))
  var batch: Int?
  @Option(
    help: help(
      "Number of parts of a batch whose gradients are summed in a fixed order; changes the result", "shards",
      valueName: "n"))
  var shards: Int?
  @Option(help: help("Optimizer: sgd (with momentum), adam or adamw", "optimizer"))
  var optimizer: OptimizerKind?
  @Option(
    help: ArgumentHelp(
      """
      Peak learning rate (default: \(OptimizerKind.sgd.defaultLearningRate) for sgd, \
      \(OptimizerKind.adam.defaultLearningRate) for adam and adamw).
      """, valueName: "rate"))
  var learningRate: Float?
  @Option(help: help("Learning rate schedule: constant, cosine or one-cycle", "schedule"))
  var schedule: LearningRateSchedule?
  @Option(help: help("Weight decay", "weight-decay", valueName: "factor"))
  var weightDecay: Float?
  @Option(
    help: help(
      "Fraction of the target probability that is spread over the other classes", "label-smoothing",
      valueName: "fraction")
  )
  var labelSmoothing: Float?
  @Option(
    help: help(
      "Augmentation of training images: none, or a list of flip, shift:PIXELS and erase", "augment", valueName: "list"),
    transform: { try Augmentation(parsing: $0) })
  var augment: Augmentation?
  @Option(
    help: help(
      "Fraction of the training images used as the validation set, which selects the best epoch", "validation",
      valueName: "fraction"))
  var validation: Double?
  @Option(
    help: ArgumentHelp(
      "Number of epochs without a better validation accuracy after which to stop (default: none).",
      valueName: "epochs|none"))
  var patience: NumberOrNone?
  @Option(
    help: help(
      "Decay of the moving average of the weights that is used for prediction; 0 for none", "weight-average",
      valueName: "decay"))
  var weightAverage: Float?
  @Flag(
    inversion: .prefixedNo,
    help: "Average predictions over each image and its mirror image (default: \(standard["mirror"]!)).")
  var mirror: Bool?
  @Option(help: help("Random seed", "seed", valueName: "n"))
  var seed: UInt64?

  var settings: NetworkSettings {
    var settings = (preset ?? .standard).settings
    func set<Value>(_ path: WritableKeyPath<NetworkSettings, Value>, _ value: Value?) {
      if let value { settings[keyPath: path] = value }
    }
    set(\.filters, filters?.numbers)
    set(\.kernel, kernel)
    set(\.padding, padding)
    set(\.batchNorm, batchNorm)
    set(\.dense, dense?.numbers)
    set(\.dropout, dropout)
    set(\.epochs, epochs)
    set(\.batch, batch)
    set(\.shards, shards)
    set(\.optimizer, optimizer)
    set(\.learningRate, learningRate)
    set(\.schedule, schedule)
    set(\.weightDecay, weightDecay)
    set(\.labelSmoothing, labelSmoothing)
    set(\.augment, augment)
    set(\.validation, validation)
    set(\.patience, patience.map(\.number))
    set(\.weightAverage, weightAverage)
    set(\.mirror, mirror)
    set(\.seed, seed)
    return settings
  }

  var given: [String] {
    givenOptions([
      "preset": preset, "filters": filters, "kernel": kernel, "padding": padding, "batch-norm": batchNorm,
      "dense": dense, "dropout": dropout, "epochs": epochs, "batch": batch, "shards": shards, "optimizer": optimizer,
      "learning-rate": learningRate, "schedule": schedule, "weight-decay": weightDecay,
      "label-smoothing": labelSmoothing, "augment": augment, "validation": validation, "patience": patience,
      "weight-average": weightAverage, "mirror": mirror, "seed": seed,
    ])
  }
}
