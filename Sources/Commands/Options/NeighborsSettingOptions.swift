internal import ArgumentParser
internal import Models

/// Options for k-nearest neighbors.
struct NeighborsSettingOptions: SettingOptions {
  @Option(setting: "neighbors", of: .knn) var neighbors: String?
  @Option(setting: "metric", of: .knn) var metric: String?
  @Option(setting: "weights", of: .knn) var weights: String?
  @Option(setting: "components", of: .knn) var components: String?
  @Option(setting: "whitening", of: .knn) var whitening: String?
}
