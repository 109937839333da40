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
    let candidateRows = AlignedBuffer<Int32>(count: queryCount * blockTiles * 16 / Self.candidateFraction)
    let keys = AlignedBuffer<Double>(count: blockTiles * 16)
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
      let candidates = kernels.rowsWithinLimits(
        index.metric.byteComparison, queries: queryCount, tiles: masksPerQuery, words: RowSketches.words,
        rows: sketches.packed.pointer + tile * RowSketches.words * 64, offsets: sketches.offsets.pointer + tile * 16,
        queryWords: querySketches.words.pointer, limits: limits.pointer, masks: masks.pointer)
      if candidates * Self.candidateFraction > queryCount * width * 16 {
        compareAll(tile..<tile + width)
        (fullBlocks, nextFullBlocks) = (nextFullBlocks, nextFullBlocks * 2)
      } else {
        nextFullBlocks = 1
        compareCandidates(masks, firstRow: tile * 16, rows: masksPerQuery * 16, candidateRows, keys)
      }
    }
  }

  /// Compares each query with those of the rows from `firstRow` on whose bits are set in its masks, and inserts them.
  ///
  /// - Parameters:
  ///   - masks: [query][rowCount] bits
  ///   - rows: as many as there are bits set, overwritten
  ///   - keys: (rowCount), overwritten
  private mutating func compareCandidates(
    _ masks: borrowing AlignedBuffer<UInt16>, firstRow: Int, rows rowCount: Int,
    _ rows: borrowing AlignedBuffer<Int32>, _ keys: borrowing AlignedBuffer<Double>
  ) {
    var ends: [Int] = []
    ends.reserveCapacity(queries.count)
    var end = 0
    for query in 0..<queries.count {
      let bits = UnsafeRawPointer(masks.pointer + query * rowCount / 16)
      for first in stride(from: 0, to: rowCount, by: 64) {
        var mask = UInt64(littleEndian: bits.load(fromByteOffset: first / 8, as: UInt64.self))
        while mask != 0 {
          let row = firstRow + first + mask.trailingZeroBitCount
          mask &= mask - 1
          if excluded.contains(row, for: query) { continue }
          rows.pointer[end] = Int32(truncatingIfNeeded: row)
          end += 1
        }
      }
      ends.append(end)
    }
    fullComparisons += end
    var start = 0
    for query in 0..<queries.count {
      let (numbers, count) = (rows.pointer + start, ends[query] - start)
      computeKeys(of: numbers, count: count, following: end - ends[query], query: query, keys.pointer)
      for place in 0..<count { lists[query].insert(row: Int(numbers[place]), key: keys.pointer[place]) }
      start = ends[query]
    }
  }

  /// Compares a query with some rows, and writes their keys, the same bits as those of the full comparison.
  ///
  /// - Parameters:
  ///   - numbers: (count + following), the rows, and rows that will be compared next
  ///   - keys: (count rounded up to a multiple of 16), aligned to 64 bytes
  private func computeKeys(
    of numbers: UnsafePointer<Int32>, count: Int, following: Int, query: Int, _ keys: UnsafeMutablePointer<Double>
  ) {
    guard count > 0 else { return }
    if index.rows.isBytes {
      UnsafeRawPointer(queries.words.pointer + query * queries.stride).withMemoryRebound(
        to: UInt8.self, capacity: queries.stride * 4
      ) {
        kernels.compareRows(
          index.metric.byteComparison, length: index.rows.length, rows: rows, query: $0, numbers: numbers,
          count: count, following: following, totals: keys)
      }
    } else {
      compareFloats(numbers, count: count, query: query, totals: keys)
    }
    for place in 0..<count {
      let row = Int(numbers[place])
      keys[place] = (keys[place] + index.shift.pointer[row]) * index.factor.pointer[row]
    }
  }

  /// Sums of floats depend on their order, so rows are packed into tiles, which the kernel of the full comparison sums.
  private func compareFloats(
    _ numbers: UnsafePointer<Int32>, count: Int, query: Int, totals: UnsafeMutablePointer<Double>
  ) {
    let length = index.rows.length
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 16) { sixteen in
      for first in stride(from: 0, to: count, by: 16) {
        for lane in 0..<16 { sixteen[lane] = numbers[min(first + lane, count - 1)] }
        kernels.packTile(rows: rows, rowBytes: 4 * length, numbers: sixteen.baseAddress!, tile: packed.pointer)
        UnsafeMutableRawPointer(packed.pointer).withMemoryRebound(to: Float.self, capacity: length * 16) {
          kernels.compareFloats(
            index.metric.floatComparison, queries: 1, tiles: 1, components: length, rows: $0,
            queryValues: queries.floats.pointer + query * length, totals: totals + first)
        }
      }
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
            except: excluded, for: query, kernels)
        }
      }
    }
    let keys = AlignedBuffer<Double>(count: k + extra + 15)
    for query in nearest.indices {
      let numbers = nearest[query].entries.map { Int32($0.row) }
      computeKeys(of: numbers, count: numbers.count, following: 0, query: query, keys.pointer)
      fullComparisons += numbers.count
      let sorted = (0..<numbers.count).map { keys.pointer[$0] }.filter { $0 < .infinity }.sorted()
      if sorted.count >= k { lists[query].refuseKeys(above: sorted[k - 1]) }
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
