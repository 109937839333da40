package import Compute
package import Datasets

/// A random forest (Breiman, "Random forests", 2001): trees grown on bootstraps of the images, each node choosing among
/// a few features drawn at random. Class probabilities are the mean, over the trees, of the class shares in the leaf
/// that an image falls into.
///
/// Tree i depends on the images, the settings and i only. So the first n trees of a forest are the forest of n trees,
/// ranges of trees can be grown anywhere and joined, and a forest cut to a depth is the forest grown with that limit.
package struct Forest: Classifier, Equatable {
  package static var kind: ModelKind { .forest }

  package let forestSettings: ForestSettings
  package let trees: [Tree]
  package let imageShape: ImageShape
  package let classCount: Int

  package var settings: [String: String] { forestSettings.text }

  /// A forest of trees that were grown in parts, in the order of their numbers.
  ///
  /// - Parameter parts: as many trees in all as the settings say.
  package init(joining parts: [[Tree]], settings: ForestSettings, imageShape: ImageShape, classCount: Int) {
    trees = Array(parts.joined())
    precondition(trees.count == settings.trees, "\(trees.count) trees were grown, but \(settings.trees) were asked for")
    (forestSettings, self.imageShape, self.classCount) = (settings, imageShape, classCount)
  }

  /// - Parameters:
  ///   - images: their labels must be below `classCount`.
  ///   - progress: told how many trees are done; returns false to stop early.
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: ForestSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Forest {
    let grower = try ForestGrower(images, classCount: classCount, settings: settings, on: context)
    let trees = try grower.growTrees(0..<settings.trees, progress: progress)
    return Forest(joining: [trees], settings: settings, imageShape: images.shape, classCount: classCount)
  }
}
