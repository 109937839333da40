package import Compute
package import Datasets
package import Progress

/// A random forest (Breiman, "Random forests", 2001): trees grown on bootstraps of the images, where each node chooses
/// among a few randomly sampled features. The class probabilities of an image are the mean, over the trees, of the
/// class fractions in its leaf.
///
/// Tree i depends only on the images, the settings and i. Therefore, the first n trees of a forest are the forest of n
/// trees, ranges of trees can be grown anywhere and joined, and a forest cut to a depth equals the forest grown with
/// that limit.
package struct Forest: Classifier, Equatable {
  /// The family: random forest or another one whose models are forests.
  package let kind: ModelKind
  package let forestSettings: ForestSettings
  package let trees: [Tree]
  package let imageShape: ImageShape
  package let classCount: Int

  package var settings: [String: String] { forestSettings.text }

  /// Joins trees that were grown in parts, in the order of their numbers.
  ///
  /// - Parameter parts: as many trees in total as the settings say
  package init(
    joining parts: [[Tree]], kind: ModelKind = .forest, settings: ForestSettings, imageShape: ImageShape,
    classCount: Int
  ) {
    self.kind = kind
    trees = Array(parts.joined())
    precondition(trees.count == settings.trees, "\(trees.count) trees were grown, expected \(settings.trees)")
    (forestSettings, self.imageShape, self.classCount) = (settings, imageShape, classCount)
  }

  /// Grows a forest.
  ///
  /// - Parameters:
  ///   - images: images whose labels are below `classCount`
  ///   - progress: called with the number of trees done; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package static func fit(
    _ images: LabeledImages, classCount: Int, kind: ModelKind = .forest, settings: ForestSettings,
    on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> Forest {
    let grower = try ForestGrower(images, classCount: classCount, settings: settings, on: context)
    let trees = try grower.growTrees(0..<settings.trees, progress: progress)
    return Forest(
      joining: [trees], kind: kind, settings: settings, imageShape: images.shape, classCount: classCount)
  }
}
