internal import Compute

/// Memory for the groups of rows of one node, as in ``GroupedNode``.
struct RowGroups: ~Copyable {
  let masks: AlignedBuffer<UInt64>
  let firstRows: AlignedBuffer<UInt32>
  let labelEnds = AlignedBuffer<UInt32>(count: 256)

  /// The average size from which groups are faster than lanes.
  static let minSize = 4

  init(_ table: TrainingTable, isUsed: Bool) {
    let limit = isUsed ? table.count / Self.minSize : 0
    masks = AlignedBuffer(count: limit)
    firstRows = AlignedBuffer(count: limit)
  }
}
