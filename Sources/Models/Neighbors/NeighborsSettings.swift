package import Datasets
internal import Text

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
package struct NeighborsSettings: FamilySettings {
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

  package static let schema: [Setting<NeighborsSettings>] = [
    .integer("neighbors", \.neighbors, in: 1...(.max), help: "Number of neighbors that vote")
      .affectingOnlyPredictions(),
    .choice("metric", \.metric, help: "Distance metric").affectingOnlyPredictions(),
    .choice("weights", \.weights, help: "Weights of the votes: uniform, or by the inverse of the distance")
      .affectingOnlyPredictions(),
    .integer(
      "components", \.components, in: 1...(.max),
      help: "Number of principal components to compare images by, or none to compare pixels"),
    .number(
      "whitening", \.whitening, in: NumberRange(0...2), placeholder: "p",
      help: "Exponent P of whitening: components are scaled by their variance to the power -P/2; 1 equalizes them"),
  ]

  package func checkCombination() throws(ModelError) {
    guard components != nil || whitening == 0 else {
      throw .badSettings("whitening scales principal components; give --components as well")
    }
  }

  /// Checks all values.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting, or the first that does not match these
  ///   images.
  package func check(images count: Int, shape: ImageShape) throws(ModelError) {
    try check()
    guard neighbors <= count else {
      let verb = count == 1 ? "is" : "are"
      throw .badSettings("neighbors is \(neighbors), but there \(verb) only \(counted(count, "training image"))")
    }
    guard let components else { return }
    guard shape.count <= Self.maxPixels else {
      throw .badSettings(
        "components: images of \(shape) have \(shape.count) values, but the limit for principal components is "
          + "\(Self.maxPixels)")
    }
    guard components <= shape.count else {
      throw .badSettings(
        "components must be an integer from 1 to \(shape.count), the number of values of an image, not \(components)")
    }
  }
}
