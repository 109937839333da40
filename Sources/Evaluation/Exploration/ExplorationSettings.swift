package import Models

/// The settings of an exploration.
package struct ExplorationSettings: Sendable, Equatable, Codable {
  /// The seed of the random samples.
  package var seed: UInt64 = 0
  /// The number of sample images per class.
  package var samplesPerClass = 10
  /// The number of principal components shown as pictures.
  package var components = 9
  /// The number of images in the scatter plot.
  package var scatterImages = 2000
  /// The maximum number of neighbors per image.
  package var neighbors = 10
  /// The number of randomly sampled training images, and of test images, to search for neighbors; nil for all. The time
  /// is proportional to its square.
  package var searchedImages: Int?
  /// The maximum number of entries in a ranked list.
  package var listed = 100

  package init() {}

  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  package func check() throws(ModelError) {
    for (name, value, least) in [
      ("samples", samplesPerClass, 0), ("components", components, 0), ("scatter", scatterImages, 0),
      ("neighbors", neighbors, 1), ("images", searchedImages ?? 2, 2), ("listed", listed, 0),
    ] where value < least { throw .badSettings("invalid value \(value) for \(name): expected at least \(least)") }
  }
}
