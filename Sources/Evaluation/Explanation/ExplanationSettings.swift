internal import Models

/// Which test images a model is explained on, and how long one is ready to wait for it.
package struct ExplanationSettings: Sendable, Equatable, Codable {
  /// Decides which images are drawn.
  package var seed: UInt64 = 0
  /// Test images to explain, beside those that are drawn.
  package var images: [Int] = []
  /// Networks: the block whose convolution is looked at, from 1; nil for the last one, which knows most and sees coarsest.
  package var block: Int?
  /// Networks: the class whose probability is explained; nil for the one that the network predicts.
  package var targetClass: Int?
  /// Errors that the model was most certain of.
  package var confidentErrors = 6
  /// Test images, drawn at random, among which examples and errors are looked for; nil: all.
  package var judgedImages: Int? = 10_000
  /// Test images, drawn at random, on which maps and importances are measured. The time grows with it.
  package var sampledImages = 200

  package init() {}

  /// - Throws: ``ModelError/badSettings(_:)`` for the first setting that makes no sense, or not for this model.
  func check(testImages: Int, classCount: Int, blocks: Int? = nil) throws(ModelError) {
    for (name, value, least) in [
      ("errors", confidentErrors, 0), ("judged images", judgedImages ?? 1, 1), ("sampled images", sampledImages, 1),
    ] where value < least { throw .badSettings("\(name): at least \(least), not \(value)") }
    if let image = images.first(where: { !(0..<testImages).contains($0) }) {
      throw .badSettings(
        testImages == 0
          ? "there are no test images, and so no image \(image)"
          : "there are test images 0 to \(testImages - 1), and no image \(image)")
    }
    if let targetClass, !(0..<classCount).contains(targetClass) {
      throw .badSettings("there are classes 0 to \(classCount - 1), and no class \(targetClass)")
    }
    if let block, let blocks, !(1...blocks).contains(block) {
      throw .badSettings("the network has blocks 1 to \(blocks), and no block \(block)")
    }
  }
}
