internal import Compute
package import Datasets

/// How far two images are from each other, by scikit-learn's names.
package enum Metric: String, Sendable, CaseIterable, Codable {
  case euclidean, manhattan, cosine
}

/// How much each neighbour's vote counts.
package enum Weighting: String, Sendable, CaseIterable, Codable {
  case uniform
  /// The inverse of the distance; where a neighbour is at distance 0, such neighbours alone count.
  case distance
}

/// Settings of ``NearestNeighbors``. The names are the command line's options.
package struct NeighborsSettings: Sendable, Equatable {
  package var neighbors = 5
  package var metric = Metric.euclidean
  package var weights = Weighting.uniform
  /// Principal components to compare by; nil: the pixels themselves.
  package var components: Int?
  /// P: each component is scaled by variance^(-P/2); 0 leaves it, 1 gives all the same variance.
  package var whitening = 0.0

  package init() {}

  /// A principal component costs a row of a pixels x pixels matrix.
  private static let mostPixels = 4096

  /// - Throws: ``ModelError/badSettings(_:)`` for the first setting that makes no sense, or not for these images.
  package func validate(images count: Int, shape: ImageShape) throws(ModelError) {
    func require(_ condition: Bool, _ reason: String) throws(ModelError) {
      if !condition { throw .badSettings(reason) }
    }
    try require(neighbors >= 1, "neighbors: at least 1, not \(neighbors)")
    try require(neighbors <= count, "neighbors: \(neighbors), but there are only \(counted(count, "training image"))")
    try require(0...2 ~= whitening, "whitening: a number from 0 to 2, not \(whitening)")
    guard let components else {
      return try require(whitening == 0, "whitening: scales principal components; give --components as well")
    }
    try require(
      shape.count <= Self.mostPixels,
      "components: images of \(shape) have \(shape.count) values; principal components are computed for up to \(Self.mostPixels)"
    )
    try require(
      1...shape.count ~= components, "components: 1 to the image's \(shape.count) values, not \(components)")
  }

  package var text: [String: String] {
    [
      "neighbors": "\(neighbors)", "metric": metric.rawValue, "weights": weights.rawValue,
      "components": components.map(String.init) ?? "none", "whitening": "\(whitening)",
    ]
  }

  /// Reads what ``text`` wrote. - Throws: ``ModelError/badModel(_:)`` naming a setting that is missing or not readable.
  package init(text: [String: String]) throws(ModelError) {
    func read<Value>(_ name: String, _ parse: (String) -> Value?) throws(ModelError) -> Value {
      guard let word = text[name] else { throw .badModel("the setting \(name) is missing") }
      guard let value = parse(word) else { throw .badModel("the setting \(name) cannot be \(word.prefix(200))") }
      return value
    }
    neighbors = try read("neighbors", { Int($0) })
    metric = try read("metric", Metric.init(rawValue:))
    weights = try read("weights", Weighting.init(rawValue:))
    components = try read("components", { $0 == "none" ? .some(nil) : Int($0).map(Optional.some) })
    whitening = try read("whitening", { Double($0) })
  }
}
