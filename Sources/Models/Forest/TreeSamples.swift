internal import Compute
internal import KernelInterface

/// The samples of one tree, in the order of its nodes: every node has a range, which its split divides between its
/// children.
///
/// Threads may grow different nodes at the same time because the ranges are disjoint.
final class TreeSamples: Sendable {
  /// (count), each a distinct image.
  let samples: AlignedBuffer<TreeSample>
  /// (count), scratch memory for partitions.
  let spare: AlignedBuffer<TreeSample>
  let count: Int
  /// (classCount)
  let weights: [UInt32]
  /// Whether some image weighs more than a ``SmallNode`` can hold.
  let hasHeavySamples: Bool

  /// - Parameter bootstrap: (images), the weight of each image; nil to use each image once
  init(_ table: TrainingTable, bootstrap: [UInt16]?) {
    let count = bootstrap?.count { $0 > 0 } ?? table.count
    samples = AlignedBuffer(count: count)
    spare = AlignedBuffer(count: count)
    var weights = [UInt32](repeating: 0, count: table.classCount)
    var filled = 0
    for row in 0..<table.count {
      let weight = bootstrap?[table.images[row]] ?? 1
      if weight == 0 { continue }
      samples.pointer[filled] = TreeSample(row: UInt32(row), weight: weight, label: table.labels[row])
      weights[Int(table.labels[row])] += UInt32(weight)
      filled += 1
    }
    self.count = count
    self.weights = weights
    hasHeavySamples = bootstrap?.contains { $0 > SmallNode.sampleWeightLimit } ?? false
  }

  /// Returns the node of all samples.
  func root(ofTree number: Int, seed: UInt64) -> PendingNode {
    PendingNode(start: 0, count: count, depth: 0, key: .root(ofTree: number, seed: seed), weights: weights)
  }
}
