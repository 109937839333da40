internal import Compute
internal import KernelInterface

/// The values of a small subtree's samples, copied together so that they stay in the cache while the subtree grows.
///
/// In the table, the samples of a small node are far apart, so that each value would cost a cache line.
struct SampleBlock: ~Copyable {
  /// The largest number of samples that fit.
  let limit: Int
  private let table: TrainingTable
  /// (features, columnStride), indexed by a sample's position in the subtree.
  private let values: AlignedBuffer<UInt8>
  private(set) var columnStride = 0

  init(_ table: TrainingTable) {
    self.table = table
    limit = min(max(Self.byteLimit / table.rowStride, 64), table.count)
    values = AlignedBuffer(count: table.rowStride * Self.columnStride(limit))
  }

  /// Lets the blocks of several threads fit in the last-level cache.
  private static let byteLimit = 2 << 20

  /// Returns an odd number of cache lines, so that columns do not compete for the same cache sets.
  private static func columnStride(_ count: Int) -> Int { (count + 63) / 64 * 64 | 64 }

  var columns: UnsafePointer<UInt8> { UnsafePointer(values.pointer) }

  /// Copies the samples' values from the table, and changes the samples' rows to their positions in the block.
  mutating func fill(_ samples: UnsafeMutablePointer<TreeSample>, count: Int, kernels: any KernelSet.Type) {
    columnStride = Self.columnStride(count)
    kernels.transpose(
      samples: samples, count: count, rows: table.rows.pointer, rowStride: table.rowStride, width: table.rowStride,
      columns: values.pointer, columnStride: columnStride)
    for index in 0..<count { samples[index] = samples[index].moved(to: UInt32(index)) }
  }
}
