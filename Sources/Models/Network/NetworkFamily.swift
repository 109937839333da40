package import Compute
package import Datasets
package import Progress
internal import Text

extension ModelKind {
  package static let cnn = ModelKind("cnn")
}

extension ModelSettings {
  package static func cnn(_ settings: NetworkSettings) -> ModelSettings { ModelSettings(.cnn, settings) }
}

/// Convolutional networks.
package enum NetworkFamily: ModelFamily {
  package typealias Model = Network

  package static let kind = ModelKind.cnn
  package static let title = "CNN"
  package static let noun = "a convolutional network"
  package static let discussion = """
    The network has blocks of convolution, 2x2 max-pooling, batch normalization and ReLU, followed by dense layers. \
    After each epoch, and on Ctrl-C, a checkpoint is saved beside the model as NAME.checkpoint.safetensors. --resume \
    continues from it; the model is bit-identical to that of an uninterrupted training.

    Example:  atelier train cnn --filters 32,64 --epochs 8 --augment flip,shift:2
    Example:  atelier train cnn --resume runs/…/cnn.checkpoint.safetensors
    """
  package static let searchExample = "--filters '32,64;64,128;128,256' --epochs 4 --hold-out 0.1"
  package static let mainSettings = ["filters", "dense", "epochs", "batch", "learning-rate", "augment"]
  package static let predictsOnWorkers = true

  package static var presets: [SettingsPreset<NetworkSettings>] {
    [SettingsPreset("standard", NetworkSettings()), SettingsPreset("best", .best)]
  }

  package static let presetsHelp = "standard, or best, which is more accurate and takes five times as long"

  package static var reference: ReferenceModel? {
    ReferenceModel(settings: .cnn(NetworkSettings()), accuracy: 0.9197, knownDigest: "713b7a0d7f5e5ee6")
  }

  package static func title(of settings: [String: String]) -> String {
    settings["filters"] == "none" ? "Perceptron" : title
  }

  package static func summary(of settings: NetworkSettings) -> String {
    func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "-") }
    let layers = settings.filters.isEmpty ? "\(list(settings.dense)) units" : "\(list(settings.filters)) filters"
    return "\(layers), \(counted(settings.epochs, "epoch"))"
  }

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: NetworkSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Network {
    try Network.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
  }

  package static func distribution(of settings: NetworkSettings) -> FitDistribution { .synchronous(settings) }

  package static func memory(
    of settings: NetworkSettings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    settings.memory(images: count, of: shape, classCount: classCount, threads: threads)
  }

  package static func cost(of settings: NetworkSettings) -> Double {
    if settings.filters.isEmpty { return Double(settings.epochs) }
    // Each block has a quarter of the pixels of the previous one.
    return Double(settings.epochs * settings.kernel * settings.kernel)
      * zip([1] + settings.filters, settings.filters).enumerated().reduce(0.0) {
        $0 + Double($1.element.0 * $1.element.1) / Double(1 << (2 * min($1.offset, 20)))
      }
  }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Network {
    try Network(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }

  package static func heldOutPredictions(
    of model: Network, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    let settings = model.configuration
    let heldOut = Split.holdOut(labels: training.labels, fraction: settings.validation, seed: settings.seed).heldOut
    guard !heldOut.isEmpty else { return .none(.noneTrainedOnAll) }
    return HeldOutPredictions(
      heldOut, try model.probabilities(for: training.selecting(heldOut), on: context, progress: progress),
      .validationSet)
  }
}
