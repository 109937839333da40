internal import Compute
internal import Datasets
internal import KernelInterface

/// The training images by rows (images), for the small nodes of trees, and by columns (features), for the large ones.
/// Immutable, and shared by all threads.
final class TrainingTable: Sendable {
  let count: Int
  let featureCount: Int
  let classCount: Int
  /// (count), the number of each row's image.
  let images: [Int]
  /// (count)
  let labels: [UInt8]
  /// Whether all values are rotated (see ``ForestKernels``).
  let isRotated: Bool
  /// (count, rowStride); empty if the layout has no rows
  let rows: AlignedBuffer<UInt8>
  /// A multiple of 64, so that rows start on cache lines; bytes after a row's features are zero.
  let rowStride: Int
  /// (featureCount, columnStride); empty if the layout has no columns
  let columns: AlignedBuffer<UInt8>
  /// A multiple of 64, so that columns start on cache lines.
  let columnStride: Int

  /// The forms in which the values are stored.
  enum Layout { case rows, columns, rowsAndColumns }

  /// - Parameters:
  ///   - splitter: for random cuts, rows are in the order of their labels, which kernels need. It also brings the
  ///     samples of a node closer together: most nodes have few classes. For best cuts, rows are in the order of their
  ///     images, and values are rotated.
  ///   - layout: what the nodes to grow read
  /// - Throws: ``ModelError/badSettings(_:)`` if there are no images, too many or too large images, or invalid labels.
  init(
    _ images: LabeledImages, classCount: Int, splitter: TreeSettings.Splitter, layout: Layout = .rowsAndColumns,
    on team: ThreadTeam
  ) throws(ModelError) {
    guard images.count > 0, images.shape.count > 0 else { throw .badSettings("there are no images to grow trees on") }
    guard images.count <= Self.countLimit else {
      throw .badSettings("\(images.count) images are too many for a tree; the limit is \(Self.countLimit)")
    }
    guard images.shape.count <= TreeNode.featureLimit else {
      throw .badSettings(
        "images of \(images.shape) are too large for a tree; the limit is \(TreeNode.featureLimit) bytes")
    }
    guard (1...256).contains(classCount), images.labels.allSatisfy({ $0 < classCount }) else {
      throw .badSettings("labels must be below the number of classes, which is \(classCount) (up to 256)")
    }
    (count, featureCount) = (images.count, images.shape.count)
    let order =
      splitter == .random
      ? images.labels.indices.sorted { (images.labels[$0], $0) < (images.labels[$1], $1) } : Array(0..<images.count)
    (self.images, labels) = (order, order.map { images.labels[$0] })
    self.classCount = classCount
    isRotated = splitter == .best
    rowStride = (featureCount + 63) / 64 * 64
    rows = AlignedBuffer(count: layout == .columns ? 0 : count * rowStride)
    columnStride = (count + 63) / 64 * 64
    columns = AlignedBuffer(count: layout == .rows ? 0 : featureCount * columnStride)
    images.pixels.withUnsafeBufferPointer { pixels in fill(from: pixels.baseAddress!, on: team) }
  }

  /// Sums of weights must fit in 32 bits, and their squares in a Double.
  static let countLimit = 1 << 24

  private func fill(from pixels: UnsafePointer<UInt8>, on team: ThreadTeam) {
    let (hasRows, hasColumns) = (self.rows.count > 0, self.columns.count > 0)
    let (rows, columns, rowStride) = (rows.pointer, columns.pointer, rowStride)
    let (count, featureCount, columnStride, order) = (count, featureCount, columnStride, images)
    let shift: UInt8 = isRotated ? 4 : 0
    let block = 64
    team.forEach((count + block - 1) / block, chunk: 16) { blockIndex, _ in
      let block = blockIndex * block..<min((blockIndex + 1) * block, count)
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: hasRows ? 0 : block.count * rowStride) { spare in
        let blockRows = hasRows ? rows + block.lowerBound * rowStride : spare.baseAddress!
        for (place, row) in block.enumerated() {
          let (source, target) = (pixels + order[row] * featureCount, blockRows + place * rowStride)
          for feature in 0..<featureCount { target[feature] = source[feature] &>> shift | source[feature] &<< shift }
        }
        guard hasColumns else { return }
        for feature in 0..<featureCount {
          let column = columns + feature * columnStride
          var pixel = blockRows + feature
          for row in block {
            column[row] = pixel.pointee
            pixel += rowStride
          }
        }
      }
    }
  }
}
