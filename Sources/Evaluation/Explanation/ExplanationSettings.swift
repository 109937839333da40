internal import Models

/// The test images that a model is explained on, and the amount of work.
package struct ExplanationSettings: Sendable, Equatable, Codable {
  /// The seed of the random samples.
  package var seed: UInt64 = 0
  /// Test images to explain in addition to the sampled ones.
  package var images: [Int] = []
  /// Networks: the block whose convolution is explained, from 1; nil for the last one, which has the most abstract
  /// features and the lowest resolution.
  package var block: Int?
  /// Networks: the class to explain; nil for the predicted class.
  package var targetClass: Int?
  /// The number of most confident errors to explain.
  package var confidentErrors = 6
  /// The number of randomly sampled test images to evaluate and to choose examples from; nil for all.
  package var judgedImages: Int? = 10_000
  /// The number of randomly sampled test images on which maps and importances are measured. The time is proportional to
  /// it.
  package var sampledImages = 200

  package init() {}

  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  func check(testImages: Int, classCount: Int, blocks: Int? = nil) throws(ModelError) {
    for (name, value, least) in [
      ("errors", confidentErrors, 0), ("evaluated images", judgedImages ?? 1, 1), ("sampled images", sampledImages, 1),
    ] where value < least { throw .badSettings("invalid number of \(name) \(value): expected at least \(least)") }
    if let image = images.first(where: { !(0..<testImages).contains($0) }) {
      throw .badSettings(
        testImages == 0
          ? "no test image \(image): the data set has no test images"
          : "no test image \(image): expected 0 to \(testImages - 1)")
    }
    if let targetClass, !(0..<classCount).contains(targetClass) {
      throw .badSettings("no class \(targetClass): expected 0 to \(classCount - 1)")
    }
    if let block, let blocks, !(1...blocks).contains(block) {
      throw .badSettings("no block \(block): expected 1 to \(blocks)")
    }
  }
}
