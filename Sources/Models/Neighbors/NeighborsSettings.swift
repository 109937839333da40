internal import Compute
package import Datasets

/// The distance between two images, by scikit-learn's names.
package enum DistanceMetric: String, Sendable, CaseIterable, Codable {
  case euclidean, manhattan, cosine
}

/// The weights of the neighbors' votes.
package enum Weighting: String, Sendable, CaseIterable, Codable {
  case uniform
  /// The inverse of the distance. If there are neighbors at distance 0, only they count.
  case distance
}

/// Settings of ``NearestNeighbors``, named like the command-line options.
package struct NeighborsSettings: Sendable, Equatable {
  package var neighbors = 5
  package var metric = DistanceMetric.euclidean
  package var weights = Weighting.uniform
  /// The number of principal components to compare; nil to compare pixels.
  package var components: Int?
  /// The exponent P of the scale variance^(-P/2) of each component: 0 keeps the variances, 1 makes them equal.
  package var whitening = 0.0

  package init() {}

  /// Principal components need a matrix of pixels x pixels.
  private static let maxPixels = 4096

  private func require(_ condition: Bool, _ reason: String) throws(ModelError) {
    if !condition { throw .badSettings(reason) }
  }

  /// Checks the values that do not depend on the images.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  package func check() throws(ModelError) {
    try require(neighbors >= 1, "neighbors must be an integer from 1, not \(neighbors)")
    try require(0...2 ~= whitening, "whitening must be a number from 0 to 2, not \(whitening)")
    try require(
      components != nil || whitening == 0, "whitening scales principal components; give --components as well")
  }

  /// Checks all values.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting, or the first that does not match these
  ///   images.
  package func validate(images count: Int, shape: ImageShape) throws(ModelError) {
    try check()
    try require(
      neighbors <= count, "neighbors is \(neighbors), but there are only \(counted(count, "training image"))")
    guard let components else { return }
    try require(
      shape.count <= Self.maxPixels,
      "components: images of \(shape) have \(shape.count) values, but the limit for principal components is "
        + "\(Self.maxPixels)")
    try require(
      1...shape.count ~= components,
      "components must be an integer from 1 to \(shape.count), the number of values of an image, not \(components)")
  }

  /// The settings as text, by the names of the command-line options; ``init(text:)`` parses it.
  package var text: [String: String] {
    [
      "neighbors": "\(neighbors)", "metric": metric.rawValue, "weights": weights.rawValue,
      "components": components.map(String.init) ?? "none", "whitening": "\(whitening)",
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
    neighbors = try read("neighbors", { Int($0) })
    metric = try read("metric", DistanceMetric.init(rawValue:))
    weights = try read("weights", Weighting.init(rawValue:))
    components = try read("components", { $0 == "none" ? .some(nil) : Int($0).map(Optional.some) })
    whitening = try read("whitening", { Double($0) })
  }
}
