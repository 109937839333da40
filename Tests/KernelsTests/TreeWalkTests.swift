import Compute
import Foundation
import KernelInterface
import Testing

/// Tests the memory that the walk of images down a tree reads.
@Suite struct TreeWalkTests {
  /// Some kernels read several bytes for one value. The bytes before and behind the rows cannot be read: the process
  /// would end.
  @Test(arguments: [false, true]) func leavesAreFoundWithinRowsOfAnyLength(areAtEnd: Bool) throws {
    let memory = try GuardedPage()
    var random = RandomSequence(seed: 3, .test)
    for length in 1...70 {
      for count in [1, 7, 8, 17, 33, 58] {
        let rows = areAtEnd ? memory.end - count * length : memory.start
        for byte in 0..<count * length { rows[byte] = UInt8(truncatingIfNeeded: random.next()) }
        var images = Array(0..<count)
        random.shuffle(&images)
        // All images read the feature of the root.
        for feature in Set([0, 1, 2, length / 2, length - 1]) where feature < length {
          expectSameLeaves(
            "\(count) rows of \(length), feature \(feature)",
            of: TreeNode.randomTree(leafCount: 30, featureCount: length, ofRoot: feature), rows: rows, stride: length,
            images)
        }
      }
    }
  }

  /// 60,000 images of 200 x 200 pixels, 2.4 GB, of which only pages that were written take memory: offsets of their
  /// values do not fit in 32 bits.
  @Test func leavesAreFoundInMoreThanTwoGibibytes() throws {
    let (stride, size) = (40_000, 60_000 * 40_000)
    let memory = try #require(
      mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), "\(errno)")
    try #require(memory != MAP_FAILED)
    defer { munmap(memory, size) }
    // A page of two megabytes for each image would take hundreds of them.
    madvise(memory, size, MADV_NOHUGEPAGE)
    let rows = memory.assumingMemoryBound(to: UInt8.self)
    let middle = (1 << 31) / 40_000
    let nodes = TreeNode.randomTree(leafCount: 50, featureCount: 100)
    var random = RandomSequence(seed: 4, .test)
    // Blocks of images before, across and behind 2^31 bytes, and images at both ends.
    let blocks = [0..<40, middle - 20..<middle + 20, 59_960..<60_000].map(Array.init)
    for block in blocks + [blocks[0] + blocks[2]] {
      for image in block {
        for feature in 0..<100 { rows[image * stride + feature] = UInt8(truncatingIfNeeded: random.next()) }
      }
      var images = block
      random.shuffle(&images)
      expectSameLeaves("images from \(block[0])", of: nodes, rows: rows, stride: stride, images)
    }
  }

  private func expectSameLeaves(
    _ comment: String, of nodes: [TreeNode], rows: UnsafePointer<UInt8>, stride: Int, _ numbers: [Int]
  ) {
    let images = numbers.map { UInt32($0) }
    expectSame(comment) { kernels in
      var leaves = [UInt32](repeating: .max, count: images.count)
      kernels.findLeaves(
        nodes: nodes, nodeCount: nodes.count, rows: rows, rowStride: stride, images: images, count: images.count,
        leaves: &leaves)
      return leaves
    }
  }
}

extension TreeNode {
  /// Returns the nodes of a random tree in pre-order.
  /// - Parameter rootFeature: the feature of the root; nil for a random one
  static func randomTree(leafCount: Int, featureCount: Int, ofRoot rootFeature: Int? = nil) -> [TreeNode] {
    var random = RandomSequence(seed: 2, .test, UInt32(leafCount))
    var (nodes, leaves) = ([TreeNode](), 0 as UInt32)
    func grow(_ leafCount: Int) {
      guard leafCount > 1 else {
        nodes.append(TreeNode(leaf: leaves))
        leaves += 1
        return
      }
      let place = nodes.count
      let (feature, threshold) = (Int(random.next(below: UInt32(featureCount))), UInt8(random.next(below: 256)))
      let left = 1 + Int(random.next(below: UInt32(leafCount - 1)))
      nodes.append(TreeNode(leaf: 0))
      grow(left)
      nodes[place] = TreeNode(
        feature: place == 0 ? rootFeature ?? feature : feature, threshold: threshold, right: UInt32(nodes.count))
      grow(leafCount - left)
    }
    grow(leafCount)
    return nodes
  }
}

/// A page of memory between two that cannot be accessed.
private final class GuardedPage {
  private let memory: UnsafeMutableRawPointer
  private static let size = Int(getpagesize())

  init() throws {
    memory = try #require(mmap(nil, 3 * Self.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    try #require(memory != MAP_FAILED)
    try #require(mprotect(memory + Self.size, Self.size, PROT_READ | PROT_WRITE) == 0)
  }

  deinit { munmap(memory, 3 * Self.size) }

  var start: UnsafeMutablePointer<UInt8> { (memory + Self.size).assumingMemoryBound(to: UInt8.self) }
  var end: UnsafeMutablePointer<UInt8> { start + Self.size }
}
