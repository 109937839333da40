internal import Compute
internal import KernelInterface

/// The search with sketches: see ``RowSketches``.
extension BlockSearch {
  /// The number of tiles whose sketches are compared with all queries before the candidates among their rows are
  /// compared: so many rows stay in the second-level cache. A multiple of 4, because the masks of four tiles are read
  /// at once.
  private var blockTiles: Int { max(4, min(64, (400 << 10) / (16 * index.rows.rowBytes) / 4 * 4)) }
  /// If more than one row in so many is a candidate, comparing all rows is faster.
  private static var candidateFraction: Int { 8 }
  /// The number of rows, the first ones, among which the first limits are found.
  static var firstRows: Int { 2048 }

  /// Compares the sketches of all rows, and then the rows that may be among the nearest.
  mutating func compareSketches(_ sketches: RowSketches, of queryRows: NeighborIndex.Rows) {
    let queryCount = queries.count
    let querySketches = sketches.sketches(of: queryRows, kernels)
    findFirstLimits(sketches, querySketches)
    let limits = AlignedBuffer<Int32>(count: queryCount)
    let blockTiles = blockTiles
    let masks = AlignedBuffer<UInt16>(count: queryCount * blockTiles)
    let candidates = CandidatePairs(limit: queryCount * blockTiles * 16 / Self.candidateFraction)
    // Where sketches do not help, they are tried again after 1, 2, 4, ... blocks.
    var (fullBlocks, nextFullBlocks) = (0, 1)
    for tile in stride(from: 0, to: index.tiles, by: blockTiles) {
      let width = min(blockTiles, index.tiles - tile)
      if fullBlocks > 0 {
        fullBlocks -= 1
        compareAll(tile..<tile + width)
        continue
      }
      for query in 0..<queryCount {
        limits.pointer[query] = sketches.limit(querySketches, query, radius: radius(of: query))
      }
      // Tiles that do not exist have no candidates.
      let masksPerQuery = (width + 3) / 4 * 4
      let candidateCount = kernels.rowsWithinLimits(
        index.metric.byteComparison, queries: queryCount, tiles: masksPerQuery, words: RowSketches.words,
        rows: sketches.packed.pointer + tile * RowSketches.words * 64, offsets: sketches.offsets.pointer + tile * 16,
        queryWords: querySketches.words.pointer, limits: limits.pointer, masks: masks.pointer)
      if candidateCount * Self.candidateFraction > queryCount * width * 16 {
        compareAll(tile..<tile + width)
        (fullBlocks, nextFullBlocks) = (nextFullBlocks, nextFullBlocks * 2)
      } else {
        nextFullBlocks = 1
        compareCandidates(masks, firstRow: tile * 16, rows: masksPerQuery * 16, candidates)
      }
    }
  }

  /// Compares each query with those of the rows from `firstRow` on whose bits are set in its masks, and inserts them.
  ///
  /// - Parameters:
  ///   - masks: [query][rowCount] bits
  ///   - pairs: room for as many as there are bits set; overwritten
  private mutating func compareCandidates(
    _ masks: borrowing AlignedBuffer<UInt16>, firstRow: Int, rows rowCount: Int, _ pairs: borrowing CandidatePairs
  ) {
    let (rows, pairQueries) = (pairs.rows.pointer, pairs.queries.pointer)
    var end = 0
    for query in 0..<queries.count {
      let bits = UnsafeRawPointer(masks.pointer + query * rowCount / 16)
      for first in stride(from: 0, to: rowCount, by: 64) {
        var mask = UInt64(littleEndian: bits.load(fromByteOffset: first / 8, as: UInt64.self))
        while mask != 0 {
          let row = firstRow + first + mask.trailingZeroBitCount
          mask &= mask - 1
          rows[end] = Int32(truncatingIfNeeded: row)
          pairQueries[end] = Int32(truncatingIfNeeded: query)
          end += 1
        }
      }
    }
    fullComparisons += end
    computeTotals(rows, pairQueries, count: end, pairs.totals.pointer)
    insert(rows, pairQueries, count: end, pairs.totals.pointer)
  }

  /// Inserts the rows of pairs, which are in the order of their queries, and then of their rows.
  ///
  /// - Parameters:
  ///   - rows: (count)
  ///   - pairQueries: (count)
  ///   - totals: (count)
  private mutating func insert(
    _ rows: UnsafePointer<Int32>, _ pairQueries: UnsafePointer<Int32>, count: Int, _ totals: UnsafePointer<Double>
  ) {
    let (shift, factor) = (index.shift.pointer, index.factor.pointer)
    var pair = 0
    while pair < count {
      let query = Int(pairQueries[pair])
      // Few rows are inserted, so the list is accessed only then.
      var limit = lists[query].limit
      while pair < count && Int(pairQueries[pair]) == query {
        let row = Int(rows[pair])
        let key = (totals[pair] + shift[row]) * factor[row]
        if key < limit {
          lists[query].insert(row: row, key: key)
          limit = lists[query].limit
        }
        pair += 1
      }
    }
  }

  /// Compares pairs of a row and a query, and writes their totals, the same bits as those of the full comparison.
  ///
  /// - Parameters:
  ///   - rows: (count), the rows' numbers
  ///   - pairQueries: (count), the queries' numbers, ascending
  ///   - totals: (count rounded up to a multiple of 16), aligned to 64 bytes
  private func computeTotals(
    _ rows: UnsafePointer<Int32>, _ pairQueries: UnsafePointer<Int32>, count: Int,
    _ totals: UnsafeMutablePointer<Double>
  ) {
    guard index.rows.isBytes else {
      return UnsafeRawPointer(self.rows).withMemoryRebound(to: Float.self, capacity: index.count * index.rows.length) {
        kernels.compareFloatPairs(
          index.metric.floatComparison, components: index.rows.length, rows: $0, queryValues: queries.floats.pointer,
          rowNumbers: rows, queryNumbers: pairQueries, count: count, totals: totals)
      }
    }
    var start = 0
    while start < count {
      let query = Int(pairQueries[start])
      var end = start + 1
      while end < count && Int(pairQueries[end]) == query { end += 1 }
      UnsafeRawPointer(queries.words.pointer + query * queries.stride).withMemoryRebound(
        to: UInt8.self, capacity: queries.stride * 4
      ) {
        kernels.compareRows(
          index.metric.byteComparison, length: index.rows.length, rows: self.rows, query: $0, numbers: rows + start,
          count: end - start, following: count - end, totals: totals + start)
      }
      start = end
    }
  }

  // MARK: Limits

  /// Finds the rows of the nearest sketches among the first rows, and refuses rows that are farther than the k-th of
  /// them, so that the first blocks have few candidates as well.
  private mutating func findFirstLimits(_ sketches: RowSketches, _ querySketches: borrowing QuerySketches) {
    let extra = 8
    var nearest = lists.indices.map { _ in NearestList(capacity: k + extra) }
    let totals = AlignedBuffer<Double>(count: queries.count * Self.tilesAtOnce * 16)
    let tiles = sketches.firstTiles
    for tile in stride(from: 0, to: tiles, by: Self.tilesAtOnce) {
      let width = min(Self.tilesAtOnce, tiles - tile)
      totals.pointer.update(repeating: 0, count: queries.count * width * 16)
      kernels.compareBytes(
        index.metric.byteComparison, queries: queries.count, tiles: width, words: RowSketches.words,
        rows: sketches.packed.pointer + tile * RowSketches.words * 64, tileWords: RowSketches.words,
        queryWords: querySketches.words.pointer, queryStride: RowSketches.words, totals: totals.pointer)
      for query in nearest.indices {
        for offset in 0..<width {
          let firstRow = (tile + offset) * 16
          nearest[query].insert(
            totals.pointer + (query * width + offset) * 16, firstRow: firstRow,
            shift: sketches.firstShifts.pointer + firstRow, factor: sketches.firstFactors.pointer + firstRow,
            kernels)
        }
      }
    }
    let pairs = CandidatePairs(limit: queries.count * (k + extra))
    var end = 0
    for query in nearest.indices {
      for entry in nearest[query].entries {
        (pairs.rows.pointer[end], pairs.queries.pointer[end]) = (Int32(entry.row), Int32(query))
        end += 1
      }
    }
    computeTotals(pairs.rows.pointer, pairs.queries.pointer, count: end, pairs.totals.pointer)
    fullComparisons += end
    var start = 0
    for query in nearest.indices {
      let own = start..<start + nearest[query].entries.count
      let keys = own.map { pair in
        let row = Int(pairs.rows.pointer[pair])
        return (pairs.totals.pointer[pair] + index.shift.pointer[row]) * index.factor.pointer[row]
      }
      let sorted = keys.filter { $0 < .infinity }.sorted()
      if sorted.count >= k { lists[query].refuseKeys(above: sorted[k - 1]) }
      start = own.upperBound
    }
  }

  /// (queries), see ``radius(of:)``.
  var radii: [Double] { lists.indices.map { radius(of: $0) } }

  /// Returns a number that no distance of a row that may enter the list of the query exceeds: the Euclidean distance,
  /// the Manhattan distance, or the Euclidean distance of the rows divided by their lengths (cosine).
  ///
  /// Keys of floats are rounded. With u = 2^-24, a sum of n rounded terms that are not negative is at least
  /// (1 - u)^(n + 3) times the exact one, less n times the least number; a fused sum of products differs from the exact
  /// one by at most n (1 + n u) u times the product of the rows' lengths, plus n times the least number.
  private func radius(of query: Int) -> Double {
    let limit = lists[query].limit
    guard limit < .infinity else { return .infinity }
    let n = Double(index.rows.length)
    let (relative, least) = index.rows.isBytes ? (0, 0) : ((n + 4) * 0x1p-23, n * 0x1p-140)
    switch index.metric {
    case .euclidean where index.rows.isBytes: return max(0, limit + queries.squares[query]).squareRoot()
    case .euclidean: return (limit * (1 + relative) + least).squareRoot()
    case .manhattan: return limit * (1 + relative) + least
    case .cosine:
      // |x/|x| - y/|y||^2 = 2 - 2 cos. A row without length is nearer to y/|y| than its similarity of 0 would imply.
      let inverseNorm = NeighborIndex.inverseNorm(queries.squares[query])
      guard inverseNorm > 0 else { return .infinity }
      let error = 0x1p-40 + 2 * relative + 2 * least * inverseNorm * index.largestFactor
      return max(0, 2 + 2 * limit * inverseNorm + error).squareRoot()
    }
  }
}

/// Rows that may be among the nearest of queries.
private struct CandidatePairs: ~Copyable {
  /// (limit), the numbers of the rows and of the queries.
  let rows, queries: AlignedBuffer<Int32>
  /// (limit rounded up to a multiple of 16)
  let totals: AlignedBuffer<Double>

  init(limit: Int) {
    rows = AlignedBuffer(count: limit)
    queries = AlignedBuffer(count: limit)
    totals = AlignedBuffer(count: (limit + 15) / 16 * 16)
  }
}
