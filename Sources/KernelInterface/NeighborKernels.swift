/// How a block of training rows is compared with a block of queries.
package enum Comparison: Sendable {
  /// The sum of products of a row's unsigned bytes and a query's signed bytes.
  case products
  /// The sum of absolute differences of unsigned bytes.
  case differences
}

/// The same for rows and queries of floats.
package enum FloatComparison: Sendable {
  case products, squaredDifferences, absoluteDifferences
}

/// Kernels that find nearest neighbours.
///
/// Training rows stand in tiles of 16: [tile][word][16 rows][4 bytes], or [tile][component][16 rows] for floats. One lane is one row, so nothing is
/// ever summed across lanes. Sums of bytes are exact; sums of floats run over the components in order, fused where there is a product.
package protocol NeighborKernels: Sendable {
  /// Compares `queries` queries with `tiles` tiles over `words` words of four bytes; the words must be few enough that a lane's sum
  /// stays below 2^31 (16384 words).
  /// - rows: [tile][tileWords][16 rows][4 bytes], from the first word on that counts; tiles `tileWords` words apart
  /// - queryWords: [query][queryStride], four bytes each, from the first word on that counts
  /// - totals: [query][tile][16], added to
  static func compareBytes(
    _ comparison: Comparison, queries: Int, tiles: Int, words: Int, rows: UnsafePointer<UInt8>, tileWords: Int,
    queryWords: UnsafePointer<Int32>, queryStride: Int, totals: UnsafeMutablePointer<Double>)

  /// - rows: [tile][components][16 rows]
  /// - queryValues: [query][components]
  /// - totals: [query][tile][16], overwritten
  static func compareFloats(
    _ comparison: FloatComparison, queries: Int, tiles: Int, components: Int, rows: UnsafePointer<Float>,
    queryValues: UnsafePointer<Float>, totals: UnsafeMutablePointer<Double>)

  /// Replaces 16 totals by keys, (total + shift) * factor, and tells which are below `limit`: bit i for lane i.
  /// - totals, shift, factor: (16)
  static func keysBelow(
    _ limit: Double, totals: UnsafeMutablePointer<Double>, shift: UnsafePointer<Double>, factor: UnsafePointer<Double>
  ) -> UInt32
}
