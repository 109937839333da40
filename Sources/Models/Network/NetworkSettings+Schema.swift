internal import Datasets

extension NetworkSettings {
  private static let kernelSizes = [1, 3, 5, 7]

  package static let schema: [Setting<NetworkSettings>] = [
    // More blocks would halve even the largest image to nothing.
    .integers(
      "filters", \.filters, 1...4096, count: 0...16,
      help: """
        Number of filters of each block of convolution, pooling and normalization, or none for a multilayer perceptron
        """),
    Setting(
      "kernel", \.kernel,
      SettingValues(kind: .words(kernelSizes.map(String.init)), allowed: "1, 3, 5 or 7", placeholder: "n"),
      help: "Height and width of the filters: 1, 3, 5 or 7",
      parse: { text in Int(text).flatMap { kernelSizes.contains($0) ? $0 : nil } }, text: { "\($0)" }
    ).counted(in: "pixels"),
    .choice("padding", \.padding, help: "Padding of convolutions: same (with zeros) or valid (none)"),
    .flag("batch-norm", \.batchNorm, help: "Whether to use batch normalization in each block"),
    .integers(
      "dense", \.dense, 1...65536, count: 0...maxDenseLayers,
      help: "Number of units of each hidden dense layer, or none"),
    .number(
      "dropout", \.dropout, in: NumberRange(0..<1), placeholder: "fraction",
      help: "Fraction of the inputs of dense layers to drop"),
    .integer("epochs", \.epochs, in: 1...100_000, help: "Number of passes over the training images")
      .asResource(),
    .integer("batch", \.batch, in: 1...65536, help: "Batch size, in images").counted(in: "images"),
    .integer(
      "shards", \.shards, in: 1...65536,
      help: "Number of parts of a batch whose gradients are summed in a fixed order; changes the result"),
    .choice("optimizer", \.optimizer, help: "Optimizer: sgd (with momentum), adam or adamw"),
    Setting(
      "learning-rate", SettingValues(kind: .real, allowed: NumberRange.positive.text, placeholder: "rate"),
      help: "Peak learning rate",
      defaultNote: """
        \(OptimizerKind.sgd.defaultLearningRate) for sgd, \(OptimizerKind.adam.defaultLearningRate) for adam and adamw
        """,
      read: { settings, text in
        guard let rate = Float(text), NumberRange.positive.contains(Double(rate)) else { return false }
        settings.learningRate = rate
        return true
      }, write: { "\($0.peakLearningRate)" }),
    .choice("schedule", \.schedule, help: "Learning rate schedule"),
    .number("weight-decay", \.weightDecay, in: .notNegative, placeholder: "factor", help: "Weight decay"),
    .number(
      "label-smoothing", \.labelSmoothing, in: NumberRange(0..<1), placeholder: "fraction",
      help: "Fraction of the target probability that is spread over the other classes"),
    Setting(
      "augment", \.augment,
      SettingValues(kind: .list, allowed: "none, or a list of flip, shift:PIXELS and erase", placeholder: "list"),
      help: "Augmentation of training images: none, or a list of flip, shift:PIXELS and erase",
      parse: { try? Augmentation(parsing: $0) }, text: { $0.description }),
    .number(
      "validation", \.validation, in: NumberRange(0..<1), placeholder: "fraction",
      help: "Fraction of the training images used as the validation set, which selects the best epoch"),
    .integer(
      "patience", \.patience, in: 1...(.max),
      help: "Number of epochs without a better validation accuracy after which to stop"
    ).counted(in: "epochs"),
    .number(
      "weight-average", \.weightAverage, in: NumberRange(0..<1), placeholder: "decay",
      help: "Decay of the moving average of the weights that is used for prediction; 0 for none"),
    .flag("mirror", \.mirror, help: "Whether to average predictions over each image and its mirror image")
      .affectingOnlyPredictions(),
    .seed(\.seed),
  ]

  /// The learning rate of a preset is for its optimizer.
  package mutating func prepare(for text: [String: String]) {
    if text["optimizer"] ?? optimizer.rawValue != optimizer.rawValue { learningRate = nil }
  }

  package func checkCombination() throws(ModelError) {
    guard shards <= batch else {
      throw .badSettings("shards must be an integer from 1 to the batch size \(batch), not \(shards)")
    }
    guard patience == nil || validation > 0 else {
      throw .badSettings("patience requires a validation set (validation above 0)")
    }
  }
}
