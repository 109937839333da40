package import Datasets

/// The optimizer: SGD with Nesterov momentum; Adam (Kingma and Ba, 2015); AdamW, which is Adam with decoupled weight
/// decay (Loshchilov and Hutter, 2019).
package enum OptimizerKind: String, Sendable, CaseIterable {
  case sgd, adam, adamw

  /// The default learning rate (the peak of a schedule).
  package var defaultLearningRate: Float { self == .sgd ? 0.08 : 0.001 }
}

/// Settings of a convolutional network and its training, named like the command-line options.
package struct NetworkSettings: Sendable, Equatable {
  /// The number of filters of each block: convolution, 2x2 max-pool, batch normalization or bias, ReLU.
  package var filters: [Int] = [64, 128, 256]
  package var kernel = 3
  package var padding = Padding.same
  package var batchNorm = true
  /// The number of units of each hidden dense layer.
  package var dense: [Int] = [128]
  /// The fraction of the inputs of each dense layer that a training step drops.
  package var dropout: Float = 0
  package var epochs = 4
  package var batch = 128
  /// The number of logical shards of a batch. It affects the result (batch statistics, order of sums); the numbers of
  /// workers and threads do not.
  package var shards = 8
  package var optimizer = OptimizerKind.sgd
  /// nil for the optimizer's default.
  package var learningRate: Float?
  package var schedule = LearningRateSchedule.oneCycle
  package var weightDecay: Float = 5e-4
  package var labelSmoothing: Float = 0.05
  package var augment = Augmentation.none
  /// The fraction of the training images in the validation set, which chooses the best epoch.
  package var validation = 0.05
  /// The number of epochs without a better validation accuracy after which training stops; nil for no early stopping.
  package var patience: Int?
  /// The decay of the moving average of the weights that is used for prediction; 0 for no average.
  package var weightAverage: Float = 0.99
  /// Whether predictions are the mean over an image and its mirror image.
  package var mirror = false
  package var seed: UInt64 = 0

  /// More blocks would halve even the largest image to nothing.
  private static let maxBlocks = 16
  /// The random numbers of dropout are keyed by 64 epoch + layer, where the output layer is one of the 64.
  static let maxDenseLayers = 63

  /// Creates the default settings.
  package init() {}

  /// The best known settings for this network, chosen on a validation set of Fashion-MNIST. Training takes five times
  /// as long as with the default.
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

  /// Checks all values.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  package func validate() throws(ModelError) {
    func require(_ condition: Bool, _ reason: String) throws(ModelError) {
      if !condition { throw .badSettings(reason) }
    }
    try require(
      1...Self.maxBlocks ~= filters.count && filters.allSatisfy { 1...4096 ~= $0 },
      "filters must be a number from 1 to 4096 for each of 1 to \(Self.maxBlocks) blocks")
    try require([1, 3, 5, 7].contains(kernel), "kernel must be 1, 3, 5 or 7, not \(kernel)")
    try require(
      dense.count <= Self.maxDenseLayers && dense.allSatisfy { 1...65536 ~= $0 },
      "dense must be a number from 1 to 65536 for each of at most \(Self.maxDenseLayers) layers, or none")
    try require(dropout >= 0 && dropout < 1, "dropout must be at least 0 and below 1, not \(dropout)")
    try require(1...100_000 ~= epochs, "epochs must be an integer from 1 to 100000, not \(epochs)")
    try require(1...65536 ~= batch, "batch must be an integer from 1 to 65536, not \(batch)")
    try require(1...batch ~= shards, "shards must be an integer from 1 to the batch size \(batch), not \(shards)")
    try require(peakLearningRate > 0 && peakLearningRate.isFinite, "learning-rate must be a positive number")
    try require(weightDecay >= 0 && weightDecay.isFinite, "weight-decay must be zero or a positive number")
    try require(
      labelSmoothing >= 0 && labelSmoothing < 1, "label-smoothing must be at least 0 and below 1, not \(labelSmoothing)"
    )
    try require(
      validation >= 0 && validation < 1, "validation must be a fraction, at least 0 and below 1, not \(validation)")
    try require(patience.map { $0 >= 1 } ?? true, "patience must be an integer from 1, or none")
    try require(patience == nil || validation > 0, "patience requires a validation set (validation above 0)")
    try require(
      weightAverage >= 0 && weightAverage < 1, "weight-average must be at least 0 and below 1, not \(weightAverage)")
  }
}

// MARK: Text

extension NetworkSettings {
  /// The settings as text, by the names of the command-line options; ``init(text:)`` parses it.
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

  /// Parses ``text``.
  ///
  /// - Throws: ``ModelError/badModel(_:)``, which names a setting that is missing or invalid.
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
    schedule = try read("schedule", LearningRateSchedule.init(rawValue:))
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

  /// Parses integers separated by commas; "none" is the empty list. Returns nil for a list that is longer than any
  /// setting allows.
  package static func integers(_ text: String) -> [Int]? {
    if text == "none" { return [] }
    let words = text.split(separator: ",", maxSplits: maxDenseLayers, omittingEmptySubsequences: false)
    let numbers = words.compactMap { Int($0) }
    return numbers.count == words.count ? numbers : nil
  }
}
