import Compute
import Testing

@Suite struct SummationTreeTests {
  @Test(arguments: 1...33) func sumIsIndependentOfDivisionAmongOwners(leafCount: Int) {
    let tree = SummationTree(leafCount: leafCount)
    // Values of very different magnitude: another order of additions would round differently.
    let leaves = (0..<leafCount).map { leaf in
      Philox.uniform(Philox.words(seed: 7, .test, UInt32(leaf)).x) * (leaf.isMultiple(of: 3) ? 1e6 : 1e-3)
    }
    func sum(_ node: Range<Int>) -> Float {
      if node.count == 1 { return leaves[node.lowerBound] }
      let middle = SummationTree.split(node)
      return sum(node.lowerBound..<middle) + sum(middle..<node.upperBound)
    }
    let whole = sum(0..<leafCount)
    for owners in 1...5 {
      let subtrees = (0..<owners).flatMap {
        tree.subtrees(inside: leafCount * $0 / owners..<leafCount * ($0 + 1) / owners)
      }
      #expect(subtrees.flatMap { Array($0) } == Array(0..<leafCount))
      var sums = subtrees.map(sum)
      for (left, right) in tree.additions(over: subtrees) { sums[left] += sums[right] }
      #expect(sums[0] == whole)
    }
  }

  @Test func nodeSplitsAtLargestPowerOfTwo() {
    #expect(SummationTree.split(0..<8) == 4)
    #expect(SummationTree.split(0..<7) == 4)
    #expect(SummationTree.split(4..<6) == 5)
    #expect(SummationTree.split(0..<5) == 4)
  }

  @Test func maxSubtreeCountIsTightBound() {
    for count in 1...70 {
      let tree = SummationTree(leafCount: count)
      var most = 0
      for first in 0..<count {
        for end in first + 1...count { most = max(most, tree.subtrees(inside: first..<end).count) }
      }
      #expect(most <= tree.maxSubtreeCount)
      if count.nonzeroBitCount == 1 { #expect(most == tree.maxSubtreeCount, "the bound is tight for powers of two") }
    }
  }
}
