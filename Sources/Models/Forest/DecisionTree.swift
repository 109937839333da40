package import Compute
package import Datasets
package import Progress

/// A decision tree (CART; Breiman, Friedman, Olshen and Stone, "Classification and regression trees", 1984).
///
/// The class probabilities of an image are the class fractions in its leaf. A tree cut to a depth equals the tree grown
/// with that limit.
package struct DecisionTree: Classifier, Equatable {
  package var kind: ModelKind { .tree }

  package let treeSettings: TreeSettings
  package let tree: Tree
  package let imageShape: ImageShape
  package let classCount: Int

  package var settings: [String: String] { treeSettings.text }

  init(tree: Tree, settings: TreeSettings, imageShape: ImageShape, classCount: Int) {
    (self.tree, treeSettings, self.imageShape, self.classCount) = (tree, settings, imageShape, classCount)
  }

  /// Grows a tree.
  ///
  /// - Parameters:
  ///   - images: images whose labels are below `classCount`
  ///   - progress: called with the number of images in finished parts of the tree; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: TreeSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> DecisionTree {
    try settings.check()
    let counter = ProgressCounter(total: images.count, unit: .images)
    // The samples, and the nodes still to be grown in place of the empty leaves of a tree; nil for the root.
    var started: (samples: TreeSamples, tree: Tree, nodes: [PendingNode])?
    let readsLayoutsApart = settings.readsLayoutsApart(featureCount: images.shape.count)
    if readsLayoutsApart, images.count > SplitSearch.windowLimit {
      // Only larger nodes read columns, and only smaller ones read rows. Columns are freed before rows are allocated.
      let growth = try TreeGrowth(
        images, classCount: classCount, settings: settings, layout: .columns, counter: counter, on: context)
      let root = growth.samples.root(ofTree: 0, seed: settings.seed)
      let (trees, nodes) = growth.growTops(of: [root], upTo: SplitSearch.windowLimit, progress: progress)
      started = (growth.samples, trees[0], nodes)
    }
    let growth = try TreeGrowth(
      images, classCount: classCount, settings: settings, layout: readsLayoutsApart ? .rows : .rowsAndColumns,
      samples: started?.samples, counter: counter, on: context)
    let nodes = started?.nodes ?? [growth.samples.root(ofTree: 0, seed: settings.seed)]
    let (tops, pending) = growth.growTops(
      of: nodes, upTo: images.count / (8 * context.team.count), progress: progress)
    let subtrees = growth.growSubtrees(pending, progress: progress)
    try counter.throwIfStopped()
    let top = started?.tree.grafting(tops) ?? tops[0]
    return DecisionTree(
      tree: top.grafting(subtrees), settings: settings, imageShape: images.shape, classCount: classCount)
  }
}
