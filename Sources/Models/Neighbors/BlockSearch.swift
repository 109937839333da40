internal import Compute
internal import KernelInterface

/// The search for the neighbors of one block of queries, on one thread.
///
/// Rows are visited in ascending order, by the full comparison or with sketches, so that of equally near
/// rows the lower one stays in front.
struct BlockSearch: ~Copyable {
  let index: NeighborIndex
  /// [row][rowBytes]
  let rows: UnsafePointer<UInt8>
  let kernels: any KernelSet.Type
  let queries: PreparedQueries
  let k: Int
  var lists: [NearestList]
  /// The number of pairs of a query and a row that were compared without a sketch, for tests.
  var fullComparisons = 0

  private let queryRows: NeighborIndex.Rows
  /// [tilesAtOnce][word][16 rows][4 bytes], and room for the words with which the last tile is filled up.
  let packed: AlignedBuffer<UInt8>
  /// [query][tilesAtOnce][16]
  private let totals: AlignedBuffer<Double>

  /// The number of tiles compared with all queries while they are in the first-level cache.
  static let tilesAtOnce = 2
  /// The number of words that a lane sums in 32 bits; more are summed in a Double.
  static let wordsAtOnce = 16384

  init(
    _ k: Int, to queries: NeighborIndex.Rows, in index: NeighborIndex, rows: UnsafePointer<UInt8>,
    kernels: any KernelSet.Type
  ) {
    (self.k, self.index, self.rows, self.kernels) = (k, index, rows, kernels)
    queryRows = queries
    self.queries = PreparedQueries(queries, metric: index.metric)
    lists = (0..<queries.count).map { _ in NearestList(capacity: k) }
    packed = AlignedBuffer(count: (Self.tilesAtOnce * index.wordsPerRow + 16) * 64)
    totals = AlignedBuffer(count: queries.count * Self.tilesAtOnce * 16)
  }

  var neighbors: [[Neighbor]] {
    lists.indices.map { query in
      lists[query].entries.map { Neighbor(row: $0.row, distance: queries.distance(query, key: $0.key)) }
    }
  }

  mutating func run() {
    if let sketches = index.sketches, sketches.canPrune(k) {
      compareSketches(sketches, of: queryRows)
    } else {
      compareAll(0..<index.tiles)
    }
  }

  // MARK: Full comparison

  /// Compares all rows of a range of tiles with all queries.
  mutating func compareAll(_ range: Range<Int>) {
    fullComparisons += range.count * 16 * queries.count
    for tile in stride(from: range.lowerBound, to: range.upperBound, by: Self.tilesAtOnce) {
      let width = min(Self.tilesAtOnce, range.upperBound - tile)
      pack(tile: tile, width: width)
      compare(width: width)
      for query in lists.indices {
        for offset in 0..<width {
          let firstRow = (tile + offset) * 16
          lists[query].insert(
            totals.pointer + (query * width + offset) * 16, firstRow: firstRow,
            shift: index.shift.pointer + firstRow, factor: index.factor.pointer + firstRow,
            kernels)
        }
      }
    }
  }

  private func pack(tile: Int, width: Int) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 16) { numbers in
      for offset in 0..<width {
        for lane in 0..<16 { numbers[lane] = Int32(min((tile + offset) * 16 + lane, index.count - 1)) }
        kernels.packTile(
          rows: rows, rowBytes: index.rows.rowBytes, numbers: numbers.baseAddress!,
          tile: packed.pointer + offset * index.wordsPerRow * 64)
      }
    }
  }

  /// Compares all queries with the packed tiles, and writes [query][width][16] sums to `totals`.
  private func compare(width: Int) {
    let words = index.wordsPerRow
    guard index.rows.isBytes else {
      return UnsafeMutableRawPointer(packed.pointer).withMemoryRebound(to: Float.self, capacity: width * words * 16) {
        kernels.compareFloats(
          index.metric.floatComparison, queries: queries.count, tiles: width, components: words, rows: $0,
          queryValues: queries.floats.pointer, totals: totals.pointer)
      }
    }
    totals.pointer.update(repeating: 0, count: queries.count * width * 16)
    for word in stride(from: 0, to: words, by: Self.wordsAtOnce) {
      kernels.compareBytes(
        index.metric.byteComparison, queries: queries.count, tiles: width, words: min(Self.wordsAtOnce, words - word),
        rows: packed.pointer + word * 64, tileWords: words, queryWords: queries.words.pointer + word,
        queryStride: queries.stride, totals: totals.pointer)
    }
  }
}

extension NearestList {
  /// Inserts those of the 16 rows from `firstRow` on whose keys are below the limit.
  ///
  /// - Parameters:
  ///   - totals: (16), overwritten by the keys
  ///   - shift: (16)
  ///   - factor: (16)
  mutating func insert(
    _ totals: UnsafeMutablePointer<Double>, firstRow: Int, shift: UnsafePointer<Double>,
    factor: UnsafePointer<Double>, _ kernels: any KernelSet.Type
  ) {
    var below = kernels.keysBelow(limit, totals: totals, shift: shift, factor: factor)
    while below != 0 {
      let lane = below.trailingZeroBitCount
      below &= below - 1
      insert(row: firstRow + lane, key: totals[lane])
    }
  }
}

extension NeighborIndex {
  /// The number of words of four bytes in a row of a tile; of floats, their number.
  var wordsPerRow: Int { (rows.rowBytes + 3) / 4 }
}

extension DistanceMetric {
  var byteComparison: Comparison { self == .manhattan ? .differences : .products }

  var floatComparison: FloatComparison {
    switch self {
    case .euclidean: .squaredDifferences
    case .manhattan: .absoluteDifferences
    case .cosine: .products
    }
  }
}
