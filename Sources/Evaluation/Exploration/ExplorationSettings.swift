package import Models

/// What an exploration shows, and how far it looks.
package struct ExplorationSettings: Sendable, Equatable, Codable {
  /// Decides which images are drawn.
  package var seed: UInt64 = 0
  /// Images shown of each class.
  package var samplesPerClass = 10
  /// Principal components shown as pictures.
  package var components = 9
  /// Images in the scatter plot.
  package var scatterImages = 2000
  /// Neighbours of each image that are looked at, if there are so many.
  package var neighbors = 10
  /// So many training and so many test images, drawn at random, are searched for neighbours; nil: all. The time grows with the square.
  package var searchedImages: Int?
  /// Entries in each ranked list.
  package var listed = 100

  package init() {}

  /// - Throws: ``ModelError/badSettings(_:)`` for the first setting that makes no sense.
  package func check() throws(ModelError) {
    for (name, value, least) in [
      ("samples", samplesPerClass, 0), ("components", components, 0), ("scatter", scatterImages, 0),
      ("neighbors", neighbors, 1), ("images", searchedImages ?? 2, 2), ("listed", listed, 0),
    ] where value < least { throw .badSettings("\(name): at least \(least), not \(value)") }
  }
}
