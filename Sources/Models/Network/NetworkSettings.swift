package import Datasets

/// What turns gradients into steps: SGD with momentum; Adam (Kingma and Ba, 2015); Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
package enum OptimizerKind: String, Sendable, CaseIterable {
  case sgd, adam, adamw

  /// The learning rate (the peak of a schedule) where the user names none.
  package var defaultLearningRate: Float { self == .sgd ? 0.08 : 0.001 }
}

/// What a convolutional network is and how it is trained. The names are the command line's options.
package struct NetworkSettings: Sendable, Equatable {
  /// Filters of each block: convolution, 2x2 max-pool, (batch normalization), ReLU.
  package var filters: [Int] = [64, 128, 256]
  package var kernel = 3
  package var padding = Padding.same
  package var batchNorm = true
  /// Units of each hidden dense layer.
  package var dense: [Int] = [128]
  /// Share of the inputs of each dense layer that a training step leaves out.
  package var dropout: Float = 0
  package var epochs = 4
  package var batch = 128
  /// Logical shards of a batch: part of what is computed (batch statistics, order of sums), not of who computes it.
  package var shards = 8
  package var optimizer = OptimizerKind.sgd
  /// nil: the optimizer's default.
  package var learningRate: Float?
  package var schedule = Schedule.oneCycle
  package var weightDecay: Float = 5e-4
  package var labelSmoothing: Float = 0.05
  package var augment = Augmentation.none
  /// Share of the training images held out to choose the best epoch.
  package var validation = 0.05
  /// Epochs without a better validation accuracy after which training stops; nil: never.
  package var patience: Int?
  /// Weight of the past in the running average of the weights that is used for prediction; 0: no average.
  package var weightAverage: Float = 0.99
  /// Predict the mean over an image and its mirror image.
  package var mirror = false
  package var seed: UInt64 = 0

  /// More halve even the largest image to nothing.
  private static let mostBlocks = 16
  /// Dropout draws by epoch and layer: the key has room for so many of an epoch, the output layer included.
  static let mostDenseLayers = 63

  /// The standard settings.
  package init() {}

  /// The best settings known for this network, chosen on hold-out images of Fashion-MNIST. They take five times the default's time.
  package static var best: NetworkSettings {
    var settings = NetworkSettings()
    settings.epochs = 20
    (settings.batch, settings.shards, settings.learningRate) = (64, 4, 0.05)
    settings.augment = Augmentation(flip: true)
    settings.mirror = true
    settings.weightAverage = 0.998
    return settings
  }

  package var layers: [Layer] {
    filters.map {
      .convolution(Convolution(filters: $0, kernel: kernel, padding: padding, batchNorm: batchNorm))
    } + dense.map { .dense(units: $0) }
  }

  package var peakLearningRate: Float { learningRate ?? optimizer.defaultLearningRate }

  /// - Throws: ``ModelError/badSettings(_:)`` for the first setting that makes no sense.
  package func validate() throws(ModelError) {
    func require(_ condition: Bool, _ reason: String) throws(ModelError) {
      if !condition { throw .badSettings(reason) }
    }
    try require(
      1...Self.mostBlocks ~= filters.count && filters.allSatisfy { 1...4096 ~= $0 },
      "filters: a list of 1 to 4096 for each of 1 to \(Self.mostBlocks) blocks")
    try require([1, 3, 5, 7].contains(kernel), "kernel: 1, 3, 5 or 7, not \(kernel)")
    try require(
      dense.count <= Self.mostDenseLayers && dense.allSatisfy { 1...65536 ~= $0 },
      "dense: a list of 1 to 65536 units for each of at most \(Self.mostDenseLayers) layers, or none")
    try require(dropout >= 0 && dropout < 1, "dropout: at least 0 and below 1, not \(dropout)")
    try require(1...100_000 ~= epochs, "epochs: 1 to 100000, not \(epochs)")
    try require(1...65536 ~= batch, "batch: 1 to 65536 images, not \(batch)")
    try require(1...batch ~= shards, "shards: 1 to the batch's \(batch) images, not \(shards)")
    try require(peakLearningRate > 0 && peakLearningRate.isFinite, "learning-rate: a positive number")
    try require(weightDecay >= 0 && weightDecay.isFinite, "weight-decay: zero or a positive number")
    try require(
      labelSmoothing >= 0 && labelSmoothing < 1, "label-smoothing: at least 0 and below 1, not \(labelSmoothing)")
    try require(validation >= 0 && validation < 1, "validation: a share of at least 0 and below 1, not \(validation)")
    try require(patience.map { $0 >= 1 } ?? true, "patience: at least 1 epoch")
    try require(patience == nil || validation > 0, "patience: needs validation images (validation above 0)")
    try require(weightAverage >= 0 && weightAverage < 1, "weight-average: at least 0 and below 1, not \(weightAverage)")
  }
}

// MARK: Text

extension NetworkSettings {
  /// By option name; ``init(text:)`` reads it back.
  package var text: [String: String] {
    [
      "filters": Self.list(filters), "kernel": "\(kernel)", "padding": padding.rawValue, "batch-norm": "\(batchNorm)",
      "dense": Self.list(dense), "dropout": "\(dropout)", "epochs": "\(epochs)", "batch": "\(batch)",
      "shards": "\(shards)", "optimizer": optimizer.rawValue, "learning-rate": "\(peakLearningRate)",
      "schedule": schedule.rawValue, "weight-decay": "\(weightDecay)", "label-smoothing": "\(labelSmoothing)",
      "augment": augment.description, "validation": "\(validation)", "patience": patience.map(String.init) ?? "none",
      "weight-average": "\(weightAverage)", "mirror": "\(mirror)", "seed": "\(seed)",
    ]
  }

  /// Reads what ``text`` wrote. - Throws: ``ModelError/badModel(_:)`` naming a setting that is missing or not readable.
  package init(text: [String: String]) throws(ModelError) {
    func read<Value>(_ name: String, _ parse: (String) -> Value?) throws(ModelError) -> Value {
      guard let word = text[name] else { throw .badModel("the setting \(name) is missing") }
      guard let value = parse(word) else { throw .badModel("the setting \(name) cannot be \(word.prefix(200))") }
      return value
    }
    filters = try read("filters", Self.integers)
    kernel = try read("kernel", { Int($0) })
    padding = try read("padding", Padding.init(rawValue:))
    batchNorm = try read("batch-norm", { Bool($0) })
    dense = try read("dense", Self.integers)
    dropout = try read("dropout", { Float($0) })
    epochs = try read("epochs", { Int($0) })
    batch = try read("batch", { Int($0) })
    shards = try read("shards", { Int($0) })
    optimizer = try read("optimizer", OptimizerKind.init(rawValue:))
    learningRate = try read("learning-rate", { Float($0) })
    schedule = try read("schedule", Schedule.init(rawValue:))
    weightDecay = try read("weight-decay", { Float($0) })
    labelSmoothing = try read("label-smoothing", { Float($0) })
    augment = try read("augment", { try? Augmentation(parsing: $0) })
    validation = try read("validation", { Double($0) })
    patience = try read("patience", { $0 == "none" ? .some(nil) : Int($0).map(Optional.some) })
    weightAverage = try read("weight-average", { Float($0) })
    mirror = try read("mirror", { Bool($0) })
    seed = try read("seed", { UInt64($0) })
    do { try validate() } catch { throw .badModel(error.description) }
  }

  private static func list(_ numbers: [Int]) -> String {
    numbers.isEmpty ? "none" : numbers.map(String.init).joined(separator: ",")
  }

  /// Whole numbers with commas between; "none" is the empty list. A list that is longer than any setting's is none.
  package static func integers(_ text: String) -> [Int]? {
    if text == "none" { return [] }
    let words = text.split(separator: ",", maxSplits: mostDenseLayers, omittingEmptySubsequences: false)
    let numbers = words.compactMap { Int($0) }
    return numbers.count == words.count ? numbers : nil
  }
}
