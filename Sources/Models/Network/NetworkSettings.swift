package import Datasets

/// The optimizer: SGD with Nesterov momentum; Adam (Kingma and Ba, 2015); AdamW, which is Adam with decoupled weight
/// decay (Loshchilov and Hutter, 2019).
package enum OptimizerKind: String, Sendable, CaseIterable {
  case sgd, adam, adamw

  /// The default learning rate (the peak of a schedule).
  var defaultLearningRate: Float { self == .sgd ? 0.08 : 0.001 }
}

/// Settings of a convolutional network and its training, named like the command-line options.
package struct NetworkSettings: FamilySettings {
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

  var peakLearningRate: Float { learningRate ?? optimizer.defaultLearningRate }
}
