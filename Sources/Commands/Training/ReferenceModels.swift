internal import Compute
internal import Models

/// A model of the reference study, and its accuracy there on the test images of Fashion-MNIST.
struct ReferenceModel {
  let settings: ModelSettings
  /// The parameters that the study reports.
  let parameters: String
  let accuracy: Double
  /// The first digits of the digest that one process computes on Fashion-MNIST. Any number of workers gives the same.
  let knownDigest: String?

  /// All four models, in the order of the study's table.
  static var all: [ReferenceModel] {
    var forest = ForestSettings()
    forest.trees = 300
    var tree = TreeSettings()
    tree.criterion = .entropy
    var neighbors = NeighborsSettings()
    neighbors.neighbors = 7
    return [
      ReferenceModel(network: NetworkSettings()),
      ReferenceModel(
        settings: .forest(forest), parameters: counted(forest.trees, "tree"), accuracy: 0.8685,
        knownDigest: "3ac3d7dd32e7c8c7"),
      ReferenceModel(
        settings: .knn(neighbors), parameters: "\(neighbors.neighbors) neighbors", accuracy: 0.8626,
        knownDigest: "08fead47afe26b91"),
      ReferenceModel(settings: .tree(tree), parameters: "entropy", accuracy: 0.7692, knownDigest: "84f320eabb061633"),
    ]
  }

  init(settings: ModelSettings, parameters: String, accuracy: Double, knownDigest: String?) {
    (self.settings, self.parameters, self.accuracy) = (settings, parameters, accuracy)
    self.knownDigest = knownDigest
  }

  init(network: NetworkSettings) {
    let filters = network.filters.map(String.init).joined(separator: "-")
    let epochs = network.epochs == 1 ? "1 epoch" : "\(network.epochs) epochs"
    self.init(
      settings: .cnn(network), parameters: "\(filters) filters, \(epochs)", accuracy: 0.9197,
      knownDigest: network == NetworkSettings() ? "6519cbb316275b01" : nil)
  }
}
