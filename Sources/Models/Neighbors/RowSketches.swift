internal import Compute
internal import Datasets
internal import KernelInterface

/// Sketches of the training rows: 68 bytes each, whose comparison bounds the distance of two rows from below.
///
/// ``SketchFeatures`` maps a row x to 68 numbers f(x) such that |f(x) - f(y)| <= d(x, y), where d is the Euclidean or
/// the Manhattan distance, and |.| is the norm of the same kind. A sketch u(x) rounds them to bytes: f(x) = center +
/// step u(x) + e(x). By the triangle inequality,
///
///     step |u(x) - u(y)| <= d(x, y) + |e(x)| + |e(y)|,
///
/// so a row with a greater left side than d + |e(x)| + |e(y)| is farther from the query than d. The errors are computed
/// for each row; values outside the range of bytes are clamped, which only makes the error larger.
///
/// The comparison is in integers. Euclidean: with |u(x) - u(y)|^2 = |u(x)|^2 + |u(y)|^2 - 2 u(x)u(y), the products
/// u(x)u(y), with an offset for each row, are at least a limit for each query; the error of rows is the constant
/// `rowError`, and rows with a greater one are always candidates. Manhattan: differences, reduced by the error of the
/// row as an offset, are at most a limit.
final class RowSketches {
  /// The number of bytes, and of words of four bytes, in a sketch.
  static let bytes = 68
  static let words = 17

  private let comparison: Comparison
  private let features: SketchFeatures
  private let quantizer: SketchQuantizer

  /// [tile][word][16 rows][4 bytes]
  let packed: AlignedBuffer<UInt8>
  /// [tile][16], see ``NeighborKernels/rowsWithinLimits(_:queries:tiles:words:rows:offsets:queryWords:limits:masks:)``.
  let offsets: AlignedBuffer<Int32>
  private let count: Int
  /// The number of tiles among which first limits are found.
  let firstTiles: Int
  /// (firstTiles * 16): turn a total of sketches into a key that ranks the rows by their bounds.
  let firstShifts, firstFactors: AlignedBuffer<Double>

  /// Offsets of rows that are always, or never, candidates; limits and sums are smaller.
  private static let farthestOffset: Int32 = 1 << 29
  private static let greatestLimit = 0x1p28

  /// Returns whether a search of so many queries is longer than the preparation of the sketches.
  ///
  /// The preparation takes about as long as the full comparison with 350 queries, and as much again as that of 2
  /// million pairs for the sample; short rows are compared as fast as sketches. The trial that shows that sketches are
  /// of no use takes a few per cent of so long a search.
  static func arePaidFor(rows: NeighborIndex.Rows, queries: Int) -> Bool {
    rows.length >= (rows.isBytes ? 3 * bytes : bytes / 2) && rows.length <= SketchFeatures.longestRow
      && rows.count >= 1024 && queries * rows.count >= 384 * rows.count + 2_000_000
  }

  /// Returns whether a search for so many neighbors may leave out most rows.
  func canPrune(_ k: Int) -> Bool { k <= 256 && k * 32 <= count }

  /// Returns nil if all rows have the same features, or some values that are not finite.
  ///
  /// Returns nil as well if sketches leave more than half of the rows within the distances that searches have: they are
  /// of no use then.
  ///
  /// - Parameter probes: some of the rows, and the distances within which their neighbors are; nil to make sketches
  ///   even if they save no time
  init?(
    of rows: NeighborIndex.Rows, metric: DistanceMetric, shape: ImageShape?,
    probes: (rows: NeighborIndex.Rows, radii: [Double])?, on context: ComputeContext
  ) {
    count = rows.count
    comparison = metric.byteComparison
    // Rough sketches show at a fraction of the cost that good ones are of no use.
    if let probes {
      let trial = Self.draft(of: rows, metric: metric, shape: shape, sampleSize: 192, probes: probes, on: context)
      guard trial != nil else { return nil }
    }
    let draft = Self.draft(of: rows, metric: metric, shape: shape, sampleSize: 1024, probes: probes, on: context)
    guard let draft else { return nil }
    (features, quantizer) = draft
    // Searches read the masks of four tiles at once.
    let tiles = (count + 63) / 64 * 4
    packed = AlignedBuffer(count: tiles * Self.bytes * 16)
    offsets = AlignedBuffer(count: tiles * 16)
    firstTiles = min(tiles, BlockSearch.firstRows / 16)
    firstShifts = AlignedBuffer(count: firstTiles * 16)
    firstFactors = AlignedBuffer(count: firstTiles * 16)
    context.team.forEach(tiles, chunk: 8) { tile, _ in pack(tile: tile, of: rows, context.kernels) }
  }

  /// Returns the features and the rounding of sketches, chosen by a sample of the rows; nil if sketches are of no use.
  private static func draft(
    of rows: NeighborIndex.Rows, metric: DistanceMetric, shape: ImageShape?, sampleSize: Int,
    probes: (rows: NeighborIndex.Rows, radii: [Double])?, on context: ComputeContext
  ) -> (SketchFeatures, SketchQuantizer)? {
    let features = SketchFeatures(of: rows, metric: metric, shape: shape, sampleSize: sampleSize, on: context)
    let values = features.values(of: rows, rows.evenlySpaced(sampleSize), context.kernels)
    guard let quantizer = SketchQuantizer(values, metric.byteComparison) else { return nil }
    if let probes {
      let numbers = (0..<Int32(probes.radii.count)).map { $0 }
      let probeValues = features.values(of: probes.rows, numbers, context.kernels)
      guard quantizer.fraction(of: values, within: probes.radii, of: probeValues) <= 0.5 else { return nil }
    }
    return (features, quantizer)
  }

  private func pack(tile: Int, of rows: NeighborIndex.Rows, _ kernels: any KernelSet.Type) {
    let numbers = (0..<16).map { Int32(min(tile * 16 + $0, count - 1)) }
    let values = features.values(of: rows, numbers, kernels)
    let bytes = AlignedBuffer<UInt8>(count: Self.bytes)
    for lane in 0..<16 {
      let row = tile * 16 + lane
      let isMissing = row >= count
      let sketch = quantizer.sketch(values, lane, bytes.pointer)
      let target = packed.pointer + tile * Self.bytes * 16 + lane * 4
      for place in 0..<Self.bytes { target[place / 4 * 64 + place % 4] = bytes.pointer[place] }
      let (offset, farthest): (Int32, Int32) =
        switch comparison {
        case .products: (Int32(128 * sketch.sum - sketch.squares / 2), -Self.farthestOffset)
        case .differences: (-Int32(min(sketch.error.rounded(.up), Self.greatestLimit)), Self.farthestOffset)
        }
      let isUncertain = comparison == .products && !(sketch.error <= quantizer.rowError)
      offsets.pointer[row] = isMissing ? farthest : isUncertain ? -farthest : offset
      guard tile < firstTiles else { continue }
      (firstShifts.pointer[row], firstFactors.pointer[row]) =
        isMissing ? (.infinity, 1) : comparison == .products ? (Double(offset), -1) : (0, 1)
    }
  }

  // MARK: Queries

  /// Returns the sketches of queries.
  func sketches(of queries: NeighborIndex.Rows, _ kernels: any KernelSet.Type) -> QuerySketches {
    let sketches = QuerySketches(count: queries.count)
    let bytes = UnsafeMutableRawPointer(sketches.words.pointer).assumingMemoryBound(to: UInt8.self)
    // Products need signed bytes.
    let signBit: UInt8 = comparison == .products ? 128 : 0
    for first in stride(from: 0, to: queries.count, by: 16) {
      let numbers = (0..<16).map { Int32(min(first + $0, queries.count - 1)) }
      let values = features.values(of: queries, numbers, kernels)
      for query in first..<min(first + 16, queries.count) {
        let sketch = quantizer.sketch(values, query - first, bytes + query * Self.bytes)
        for place in 0..<Self.bytes { bytes[query * Self.bytes + place] ^= signBit }
        sketches.squares.pointer[query] = Double(sketch.squares)
        sketches.errors.pointer[query] = sketch.error
      }
    }
    return sketches
  }

  /// Returns the limit for the comparison of sketches within which all rows are whose distance is at most `radius`.
  func limit(_ queries: borrowing QuerySketches, _ query: Int, radius: Double) -> Int32 {
    let distance = (radius / quantizer.step + queries.errors.pointer[query]) * (1 + 0x1p-40)
    switch comparison {
    case .products:
      let greatest = distance + quantizer.rowError
      guard greatest * greatest < Self.greatestLimit else { return -Int32(Self.greatestLimit) }
      return Int32(((queries.squares.pointer[query] - greatest * greatest) / 2 - 1).rounded(.down))
    case .differences:
      guard distance < Self.greatestLimit else { return Int32(Self.greatestLimit) }
      return Int32(distance.rounded(.up))
    }
  }
}

/// The sketches of a block of queries.
struct QuerySketches: ~Copyable {
  /// (queries, RowSketches.words), bytes less 128 for products.
  let words: AlignedBuffer<Int32>
  /// (queries), the sum of squares of the bytes.
  let squares: AlignedBuffer<Double>
  /// (queries), the errors in units of the step.
  let errors: AlignedBuffer<Double>

  init(count: Int) {
    words = AlignedBuffer(count: count * RowSketches.words)
    squares = AlignedBuffer(count: count)
    errors = AlignedBuffer(count: count)
  }
}
