package import Compute
package import Datasets
package import Progress

/// Grows trees of one forest by their numbers, with data that is prepared once for all of them.
///
/// Not thread-safe: it grows one range of trees at a time, with the context's team.
package final class ForestGrower {
  private let settings: ForestSettings
  private let context: ComputeContext
  /// By thread.
  private let growers: [TreeGrower]

  /// - Parameter images: images whose labels are below `classCount`
  /// - Throws: ``ModelError/badSettings(_:)``.
  package init(
    _ images: LabeledImages, classCount: Int, settings: ForestSettings, on context: ComputeContext
  ) throws(ModelError) {
    try settings.check()
    let table = try TrainingTable(
      images, classCount: classCount, splitter: settings.tree.splitter, on: context.team)
    let rules = GrowthRules(settings.tree, table: table, kernels: context.kernels)
    (self.settings, self.context) = (settings, context)
    growers = (0..<context.team.count).map { _ in TreeGrower(table: table, rules: rules, kernels: context.kernels) }
  }

  /// Grows the trees with these numbers.
  ///
  /// - Parameter progress: called with the number of these trees done; returns false to stop
  /// - Throws: `CancellationError` if stopped.
  package func growTrees(_ range: Range<Int>, progress: (FitProgress) -> Bool) throws -> [Tree] {
    var trees = [Tree](repeating: Tree(), count: range.count)
    let counter = ProgressCounter(total: range.count, unit: .trees)
    trees.withUnsafeMutableBufferPointer { trees in
      context.team.forEach(range.count) { index, thread in
        if counter.isStopped { return }
        trees[index] = growers[thread].growTree(range.lowerBound + index, bootstrap: settings.bootstrap)
        counter.add(1, thread: thread, progress)
      }
    }
    try counter.throwIfStopped()
    return trees
  }
}

extension TreeGrower {
  /// Grows the tree with this number.
  fileprivate func growTree(_ number: Int, bootstrap: Bool) -> Tree {
    let weights =
      bootstrap
      ? bootstrapWeights(imageCount: table.count, tree: number, seed: settings.seed, kernels: kernels) : nil
    let samples = TreeSamples(table, bootstrap: weights)
    return grow(samples.root(ofTree: number, seed: settings.seed), in: samples)
  }
}
