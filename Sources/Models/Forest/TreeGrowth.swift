internal import Compute
internal import Datasets
internal import KernelInterface
internal import Progress

/// Grows parts of one tree with all threads: they first search large nodes together, each thread over some of the
/// features; then each thread grows subtrees of small nodes alone.
struct TreeGrowth {
  let samples: TreeSamples
  private let growers: [TreeGrower]
  private let parallelSearch: ParallelSearch
  private let counter: ProgressCounter
  private let team: ThreadTeam

  /// - Parameters:
  ///   - layout: what the nodes to grow read
  ///   - samples: the samples, some of whose nodes were grown before; nil for those of a new tree
  /// - Throws: ``ModelError/badSettings(_:)``.
  init(
    _ images: LabeledImages, classCount: Int, settings: TreeSettings, layout: TrainingTable.Layout,
    samples: TreeSamples? = nil, counter: ProgressCounter, on context: ComputeContext
  ) throws(ModelError) {
    let table = try TrainingTable(
      images, classCount: classCount, splitter: settings.splitter, layout: layout, on: context.team)
    let rules = GrowthRules(settings, table: table, kernels: context.kernels)
    growers = (0..<context.team.count).map { _ in TreeGrower(table: table, rules: rules, kernels: context.kernels) }
    parallelSearch = ParallelSearch(growers.map(\.search), on: context.team)
    self.samples = samples ?? TreeSamples(table, bootstrap: nil)
    (self.counter, team) = (counter, context.team)
  }

  /// Grows the tops of subtrees, node after node, with all threads.
  ///
  /// - Returns: a tree for each node, and the nodes of up to `limit` samples in place of their empty leaves, in order
  func growTops(
    of nodes: [PendingNode], upTo limit: Int, progress: (FitProgress) -> Bool
  ) -> (trees: [Tree], pending: [PendingNode]) {
    var (trees, pending) = ([Tree](), [PendingNode]())
    for node in nodes {
      let grown = growers[0].grow(node, in: samples, upTo: limit) { node, key in
        counter.add(0, thread: 0, progress)
        return counter.isStopped ? nil : parallelSearch.best(of: node, key: key)
      }
      trees.append(grown.tree)
      pending += grown.pending
    }
    return (trees, pending)
  }

  /// Grows whole subtrees, each on one thread.
  func growSubtrees(_ nodes: [PendingNode], progress: (FitProgress) -> Bool) -> [Tree] {
    // The largest subtrees first, so that no thread works on a large one at the end.
    let order = nodes.indices.sorted { (nodes[$1].count, $0) < (nodes[$0].count, $1) }
    var subtrees = [Tree](repeating: Tree(), count: nodes.count)
    subtrees.withUnsafeMutableBufferPointer { subtrees in
      team.forEach(order.count) { position, thread in
        if counter.isStopped { return }
        let index = order[position]
        subtrees[index] = growers[thread].grow(nodes[index], in: samples)
        counter.add(nodes[index].count, thread: thread, progress)
      }
    }
    return subtrees
  }
}
