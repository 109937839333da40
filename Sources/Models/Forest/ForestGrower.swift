package import Compute
package import Datasets

/// Grows trees of one forest, by their numbers. What all trees share is prepared once, for any number of ranges.
///
/// One range at a time: calls come from one thread, and use the context's team.
package final class ForestGrower {
  private let settings: ForestSettings
  private let context: ComputeContext
  /// One for each thread.
  private let growers: [TreeGrower]

  /// - Parameter images: their labels must be below `classCount`.
  /// - Throws: ``ModelError/badSettings(_:)``
  package init(
    _ images: LabeledImages, classCount: Int, settings: ForestSettings, on context: ComputeContext
  ) throws(ModelError) {
    try settings.check()
    let table = try TrainingTable(images, classCount: classCount, on: context.team)
    let rules = GrowthRules(settings.tree, table: table)
    (self.settings, self.context) = (settings, context)
    growers = (0..<context.team.count).map { _ in TreeGrower(table: table, rules: rules, kernels: context.kernels) }
  }

  /// - Parameter progress: told how many of these trees are done; returns false to stop early.
  /// - Throws: `CancellationError` if stopped.
  package func growTrees(_ range: Range<Int>, progress: (FitProgress) -> Bool) throws -> [Tree] {
    var trees = [Tree](repeating: Tree(), count: range.count)
    let tally = TeamTally(total: range.count, unit: .trees)
    trees.withUnsafeMutableBufferPointer { trees in
      context.team.forEach(range.count) { index, thread in
        if tally.isStopped { return }
        trees[index] = growers[thread].growTree(range.lowerBound + index, bootstrap: settings.bootstrap)
        tally.add(1, thread: thread, progress)
      }
    }
    try tally.checkStopped()
    return trees
  }
}

extension TreeGrower {
  /// Grows the whole tree of that number.
  fileprivate func growTree(_ number: Int, bootstrap: Bool) -> Tree {
    let weights =
      bootstrap
      ? bootstrapWeights(imageCount: table.count, tree: number, seed: settings.seed, kernels: kernels) : nil
    let samples = TreeSamples(table, bootstrap: weights)
    return grow(samples.root(ofTree: number, seed: settings.seed), in: samples)
  }
}
