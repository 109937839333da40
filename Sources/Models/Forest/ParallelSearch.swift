internal import Compute

/// Finds the best split of a large node with all threads, each over some of the features.
final class ParallelSearch {
  private let searches: [SplitSearch]
  private let team: ThreadTeam
  /// Features that a thread takes at a time.
  private let chunk = 16

  /// - Parameter searches: one for each thread.
  init(_ searches: [SplitSearch], on team: ThreadTeam) { (self.searches, self.team) = (searches, team) }

  /// The same as ``SplitSearch/best(of:key:)``.
  func best(of node: NodeSamples, key: NodeKey) -> NodeSplit? {
    var found = [(split: NodeSplit?, varies: Bool)](repeating: (nil, false), count: team.count)
    found.withUnsafeMutableBufferPointer { found in
      team.run { searches[$0].begin(key) }
      let count = searches[0].candidateCount
      team.forEach((count + chunk - 1) / chunk) { index, thread in
        let features = index * chunk..<min((index + 1) * chunk, count)
        let (split, varies) = searches[thread].best(of: node, candidates: features)
        if let split, split.isBetter(than: found[thread].split) { found[thread].split = split }
        found[thread].varies = found[thread].varies || varies
      }
    }
    guard found.contains(where: \.varies) else { return searches[0].bestOfFurtherDraws(of: node) }
    return found.compactMap(\.split).reduce(nil) { best, split in split.isBetter(than: best) ? split : best }
  }
}
