/// How a block of training rows is compared with a block of queries.
package enum Comparison: Sendable {
  /// The sum of products of a row's unsigned bytes and a query's signed bytes.
  case products
  /// The sum of absolute differences of unsigned bytes.
  case differences
}

/// How a block of training rows of floats is compared with a block of queries.
package enum FloatComparison: Sendable {
  /// The sum of products.
  case products
  /// The sum of squared differences.
  case squaredDifferences
  /// The sum of absolute differences.
  case absoluteDifferences
}

/// Kernels that find nearest neighbors.
///
/// Training rows are stored in tiles of 16: [tile][word][16 rows][4 bytes] for bytes, [tile][component][16 rows] for
/// floats. Each lane holds one row, so nothing is summed across lanes. Sums of bytes are exact. Sums of floats run over
/// the components in order, from zero; products are fused. Vectors (`rows`, `totals`, `shift`, `factor`) are aligned to
/// 64 bytes.
///
/// A search that prunes compares sketches first: short rows of bytes whose comparison bounds the distance of the rows
/// from below.
package protocol NeighborKernels: Sendable {
  /// Compares bytes, and adds the sums to `totals`.
  ///
  /// - Parameters:
  ///   - words: the number of words of four bytes to compare, at most 16384, so that the sum of a lane stays below 2^31
  ///   - rows: [tile][tileWords][16 rows][4 bytes], starting at the first word to compare; `tileWords` is the number of
  ///     words in a tile
  ///   - queryWords: [query][queryStride] words of four bytes, starting at the first word to compare
  ///   - totals: [query][tile][16], added to
  static func compareBytes(
    _ comparison: Comparison, queries: Int, tiles: Int, words: Int, rows: UnsafePointer<UInt8>, tileWords: Int,
    queryWords: UnsafePointer<Int32>, queryStride: Int, totals: UnsafeMutablePointer<Double>)

  /// Compares floats, and writes the sums to `totals`.
  ///
  /// - Parameters:
  ///   - rows: [tile][components][16 rows]
  ///   - queryValues: [query][components]
  ///   - totals: [query][tile][16], overwritten
  static func compareFloats(
    _ comparison: FloatComparison, queries: Int, tiles: Int, components: Int, rows: UnsafePointer<Float>,
    queryValues: UnsafePointer<Float>, totals: UnsafeMutablePointer<Double>)

  /// Compares pairs of a row and a query, and writes to `totals` the same sums as
  /// ``compareFloats(_:queries:tiles:components:rows:queryValues:totals:)``.
  ///
  /// - Parameters:
  ///   - rows: [row][components], not necessarily aligned
  ///   - queryValues: [query][components]
  ///   - rowNumbers: (count), the row of each pair
  ///   - queryNumbers: (count), the query of each pair
  ///   - totals: (count rounded up to a multiple of 16), overwritten
  static func compareFloatPairs(
    _ comparison: FloatComparison, components: Int, rows: UnsafePointer<Float>, queryValues: UnsafePointer<Float>,
    rowNumbers: UnsafePointer<Int32>, queryNumbers: UnsafePointer<Int32>, count: Int,
    totals: UnsafeMutablePointer<Double>)

  /// Replaces 16 totals by the keys (total + shift) * factor, and returns the lanes whose key is below `limit`: bit i
  /// for lane i.
  ///
  /// - Parameters:
  ///   - totals: (16), overwritten by the keys
  ///   - shift: (16)
  ///   - factor: (16)
  static func keysBelow(
    _ limit: Double, totals: UnsafeMutablePointer<Double>, shift: UnsafePointer<Double>, factor: UnsafePointer<Double>
  ) -> UInt32

  /// Packs 16 rows into a tile: [word][16 rows][4 bytes]. Zeros fill up the last word.
  ///
  /// - Parameters:
  ///   - rows: [row][rowBytes], not necessarily aligned
  ///   - numbers: (16), the numbers of the rows
  ///   - tile: (rowBytes rounded up to a multiple of 64) * 16 bytes, overwritten; aligned to 64 bytes
  static func packTile(
    rows: UnsafePointer<UInt8>, rowBytes: Int, numbers: UnsafePointer<Int32>, tile: UnsafeMutablePointer<UInt8>)

  /// Compares sketches, and marks the rows whose sum is within the limit of a query: products that are at least the
  /// limit, or differences that are at most the limit. Returns the number of marks.
  ///
  /// - Parameters:
  ///   - rows: [tile][words][16 rows][4 bytes]
  ///   - offsets: [tile][16], added to the sums, which must stay within 32 bits; aligned to 64 bytes
  ///   - queryWords: [query][words]
  ///   - limits: (queries)
  ///   - masks: [query][tile], bit i for row i of a tile; overwritten
  static func rowsWithinLimits(
    _ comparison: Comparison, queries: Int, tiles: Int, words: Int, rows: UnsafePointer<UInt8>,
    offsets: UnsafePointer<Int32>, queryWords: UnsafePointer<Int32>, limits: UnsafePointer<Int32>,
    masks: UnsafeMutablePointer<UInt16>
  ) -> Int

  /// Compares one query with some of the rows.
  ///
  /// - Parameters:
  ///   - length: the number of bytes in a row, at most 65536, so that a sum stays below 2^31
  ///   - rows: [row][length], not necessarily aligned
  ///   - query: (length rounded up to a multiple of 64), the last bytes being zero; aligned to 64 bytes
  ///   - numbers: (count + following), the numbers of the rows, and of rows that will be compared next, which are only
  ///     fetched from memory
  ///   - totals: (count), overwritten
  static func compareRows(
    _ comparison: Comparison, length: Int, rows: UnsafePointer<UInt8>, query: UnsafePointer<UInt8>,
    numbers: UnsafePointer<Int32>, count: Int, following: Int, totals: UnsafeMutablePointer<Double>)
}
