internal import Compute

/// Finds the best split of a large node with all threads, each of which searches some of the features.
final class ParallelSearch {
  private let searches: [SplitSearch]
  private let team: ThreadTeam

  /// - Parameter searches: one for each thread
  init(_ searches: [SplitSearch], on team: ThreadTeam) { (self.searches, self.team) = (searches, team) }

  /// Returns the same split as ``SplitSearch/best(of:key:)``.
  func best(of node: NodeSamples, key: NodeKey) -> NodeSplit? {
    let count = searches[0].rules.featuresPerNode
    let chunk = SplitSearch.laneCount
    var found = [SearchResult](repeating: SearchResult(), count: team.count)
    found.withUnsafeMutableBufferPointer { found in
      team.run { searches[$0].begin(node, key: key) }
      team.forEach((count + chunk - 1) / chunk) { index, thread in
        let candidates = index * chunk..<min((index + 1) * chunk, count)
        found[thread].add(searches[thread].best(of: node, candidates: candidates))
      }
    }
    var all = found.reduce(into: SearchResult()) { $0.add($1) }
    // The window of another thread's search may hold the values.
    all.split?.lane = nil
    return all.hasVaryingFeature ? all.split : searches[0].bestOfFurtherFeatures(of: node)
  }
}
