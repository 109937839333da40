internal import Compute
internal import KernelInterface

/// The values of the few samples of a subtree, copied together so that they stay in the cache while it grows.
///
/// In the table, neighbouring samples of a small node are far apart, and every value that is read costs a cache line.
struct SampleBlock: ~Copyable {
  /// Subtrees of up to so many samples fit.
  let limit: Int
  private let table: TrainingTable
  /// (features, columnStride), addressed by a sample's place in the subtree's range
  private let values: AlignedBuffer<UInt8>
  private(set) var columnStride = 0

  init(_ table: TrainingTable) {
    self.table = table
    limit = min(max(Self.byteLimit / table.rowStride, 64), table.count)
    values = AlignedBuffer(count: table.rowStride * Self.columnStride(limit))
  }

  /// So that the blocks of some threads fit into the last level of cache.
  private static let byteLimit = 4 << 20

  /// An odd number of cache lines, so that columns do not compete for the same places in the cache.
  private static func columnStride(_ count: Int) -> Int { (count + 63) / 64 * 64 | 64 }

  var columns: UnsafePointer<UInt8> { UnsafePointer(values.pointer) }

  /// Copies the samples' values out of the table, and changes the samples' rows to their places in the block.
  mutating func fill(_ samples: UnsafeMutablePointer<TreeSample>, count: Int, kernels: any KernelSet.Type) {
    columnStride = Self.columnStride(count)
    kernels.transpose(
      samples: samples, count: count, rows: table.rows.pointer, rowStride: table.rowStride, width: table.rowStride,
      columns: values.pointer, columnStride: columnStride)
    for index in 0..<count { samples[index] = samples[index].moved(to: UInt32(index)) }
  }
}
