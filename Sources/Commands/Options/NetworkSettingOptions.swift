internal import ArgumentParser
internal import Models

/// A named set of settings, which other options modify.
enum NetworkPreset: String, ExpressibleByArgument, CaseIterable {
  case standard, best

  var settings: NetworkSettings { self == .best ? .best : NetworkSettings() }
}

/// Options for the architecture and the training of a network.
struct NetworkSettingOptions: SettingOptions {
  @Option(setting: "filters", of: .cnn) var filters: String?
  @Option(setting: "kernel", of: .cnn) var kernel: String?
  @Option(setting: "padding", of: .cnn) var padding: String?
  @Option(setting: "batch-norm", of: .cnn) var batchNorm: String?
  @Option(setting: "dense", of: .cnn) var dense: String?
  @Option(setting: "dropout", of: .cnn) var dropout: String?
  @Option(setting: "epochs", of: .cnn) var epochs: String?
  @Option(setting: "batch", of: .cnn) var batch: String?
  @Option(setting: "shards", of: .cnn) var shards: String?
  @Option(setting: "optimizer", of: .cnn) var optimizer: String?
  @Option(setting: "learning-rate", of: .cnn) var learningRate: String?
  @Option(setting: "schedule", of: .cnn) var schedule: String?
  @Option(setting: "weight-decay", of: .cnn) var weightDecay: String?
  @Option(setting: "label-smoothing", of: .cnn) var labelSmoothing: String?
  @Option(setting: "augment", of: .cnn) var augment: String?
  @Option(setting: "validation", of: .cnn) var validation: String?
  @Option(setting: "patience", of: .cnn) var patience: String?
  @Option(setting: "weight-average", of: .cnn) var weightAverage: String?
  @Option(setting: "mirror", of: .cnn) var mirror: String?
}
