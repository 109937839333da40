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
    let table = try TrainingTable(
      images, classCount: classCount, splitter: settings.splitter, on: context.team)
    let rules = GrowthRules(settings, table: table, kernels: context.kernels)
    let growers = (0..<context.team.count).map { _ in
      TreeGrower(table: table, rules: rules, kernels: context.kernels)
    }
    let tree = try grow(table, rules, growers, on: context.team, progress: progress)
    return DecisionTree(tree: tree, settings: settings, imageShape: images.shape, classCount: classCount)
  }

  /// Grows a tree with all threads: they first search large nodes together, each thread over some of the features; then
  /// each thread grows subtrees of small nodes alone.
  private static func grow(
    _ table: TrainingTable, _ rules: GrowthRules, _ growers: [TreeGrower], on team: ThreadTeam,
    progress: (FitProgress) -> Bool
  ) throws -> Tree {
    let samples = TreeSamples(table, bootstrap: nil)
    let counter = ProgressCounter(total: table.count, unit: .images)
    let root = samples.root(ofTree: 0, seed: rules.settings.seed)
    let parallelSearch = ParallelSearch(growers.map(\.search), on: team)
    let (top, pending) = growers[0].grow(root, in: samples, upTo: table.count / (8 * team.count)) { node, key in
      counter.add(0, thread: 0, progress)
      return counter.isStopped ? nil : parallelSearch.best(of: node, key: key)
    }
    // The largest subtrees first, so that no thread works on a large one at the end.
    let order = pending.indices.sorted { (pending[$1].count, $0) < (pending[$0].count, $1) }
    var subtrees = [Tree](repeating: Tree(), count: pending.count)
    subtrees.withUnsafeMutableBufferPointer { subtrees in
      team.forEach(order.count) { position, thread in
        if counter.isStopped { return }
        let index = order[position]
        subtrees[index] = growers[thread].grow(pending[index], in: samples)
        counter.add(pending[index].count, thread: thread, progress)
      }
    }
    try counter.throwIfStopped()
    return top.grafting(subtrees)
  }
}
