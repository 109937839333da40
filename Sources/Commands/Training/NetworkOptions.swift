internal import ArgumentParser
internal import Datasets
internal import Models

extension Padding: ExpressibleByArgument {}
extension OptimizerKind: ExpressibleByArgument {}
extension LearningRateSchedule: ExpressibleByArgument {}

/// Whole numbers with commas between, or `none`.
struct IntegerList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    guard let numbers = NetworkSettings.integers(argument) else { return nil }
    self.numbers = numbers
  }
}

/// A named set of settings, which options change.
enum NetworkPreset: String, ExpressibleByArgument, CaseIterable {
  case standard, best

  var settings: NetworkSettings { self == .best ? .best : NetworkSettings() }
}

/// What the network is, and how it is trained. All are optional, because a preset or a checkpoint says the rest.
struct NetworkOptions: ParsableArguments {
  private static let standard = NetworkSettings().text

  private static func help(_ text: String, _ name: String, valueName: String? = nil) -> ArgumentHelp {
    ArgumentHelp("\(text) (default: \(standard[name]!)).", valueName: valueName)
  }

  @Option(
    help: ArgumentHelp(
      "Settings to begin with: standard, or best, which takes five times as long and is more accurate. Other options change them."
    ))
  var preset: NetworkPreset?

  @Option(help: help("Filters of each block of convolution, pooling and normalization", "filters", valueName: "n,n,…"))
  var filters: IntegerList?
  @Option(help: help("Height and width of the filters: 1, 3, 5 or 7", "kernel", valueName: "n"))
  var kernel: Int?
  @Option(help: help("Whether a border of zeros keeps the size: same or valid", "padding"))
  var padding: Padding?
  @Flag(inversion: .prefixedNo, help: "Normalize over the batch in each block (default: \(standard["batch-norm"]!)).")
  var batchNorm: Bool?
  @Option(help: help("Units of each hidden dense layer, or none", "dense", valueName: "n,n,…"))
  var dense: IntegerList?
  @Option(help: help("Fraction of a dense layer's inputs that each step drops", "dropout", valueName: "share"))
  var dropout: Float?
  @Option(help: help("Passes over the training images", "epochs", valueName: "n"))
  var epochs: Int?
  @Option(help: help("Images in each step", "batch", valueName: "n"))
  var batch: Int?
  @Option(
    help: help(
      "Parts of a batch whose gradients are summed in a fixed order; changes the numbers", "shards", valueName: "n"))
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
  @Option(help: help("How strongly weights are drawn to zero", "weight-decay", valueName: "factor"))
  var weightDecay: Float?
  @Option(
    help: help(
      "Fraction of the target probability that is spread over the other classes", "label-smoothing", valueName: "share")
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
      valueName: "share"))
  var validation: Double?
  @Option(
    help: ArgumentHelp(
      "Stop after so many epochs without a better validation accuracy (default: none).", valueName: "epochs|none"))
  var patience: NumberOrNone?
  @Option(
    help: help(
      "Weight of the past in a running average of the weights that predicts; 0 for none", "weight-average",
      valueName: "share"))
  var weightAverage: Float?
  @Flag(
    inversion: .prefixedNo,
    help: "Predict the mean over an image and its mirror image (default: \(standard["mirror"]!)).")
  var mirror: Bool?
  @Option(help: help("Decides all that is drawn at random", "seed", valueName: "n"))
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
