package import Compute
package import Datasets
package import KernelInterface

/// A neighbor of a query: a row of the training set.
package struct Neighbor: Sendable, Equatable {
  package let row: Int
  package let distance: Double

  package init(row: Int, distance: Double) { (self.row, self.distance) = (row, distance) }
}

/// The training rows, for exact search.
///
/// Rows are ranked by keys, numbers in the same order as the distances; terms that depend on the query alone are added
/// at the end. With the Euclidean and Manhattan metrics, keys of byte rows are exact integers, so ties are true ties.
///
/// A search compares every row with every query (``BlockSearch``), or first compares sketches (``RowSketches``) and
/// then only the rows that may be near enough. Both find the same neighbors with the same distances.
package final class NeighborIndex {
  package enum Rows {
    /// (rows, length)
    case bytes([UInt8], length: Int)
    /// (rows, length)
    case floats([Float], length: Int)

    var count: Int {
      switch self {
      case .bytes(let values, let length): values.count / length
      case .floats(let values, let length): values.count / length
      }
    }

    var length: Int {
      switch self {
      case .bytes(_, let length), .floats(_, let length): length
      }
    }

    /// The number of bytes in a row.
    var rowBytes: Int {
      switch self {
      case .bytes(_, let length): length
      case .floats(_, let length): 4 * length
      }
    }

    var isBytes: Bool {
      switch self {
      case .bytes: true
      case .floats: false
      }
    }

    /// Returns the numbers of at most `limit` rows, spread evenly over all.
    func evenlySpaced(_ limit: Int) -> [Int32] {
      let number = min(limit, count)
      return (0..<number).map { Int32($0 * count / number) }
    }

    /// Returns copies of some of the rows.
    func selecting(_ numbers: [Int32]) -> Rows {
      func select<Value>(_ values: [Value], _ length: Int) -> [Value] {
        numbers.flatMap { values[Int($0) * length..<(Int($0) + 1) * length] }
      }
      return switch self {
      case .bytes(let values, let length): .bytes(select(values, length), length: length)
      case .floats(let values, let length): .floats(select(values, length), length: length)
      }
    }

    /// Calls `body` with the rows: [row][rowBytes].
    func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
      switch self {
      case .bytes(let values, _): values.withUnsafeBytes { body($0.assumingMemoryBound(to: UInt8.self).baseAddress!) }
      case .floats(let values, _): values.withUnsafeBytes { body($0.assumingMemoryBound(to: UInt8.self).baseAddress!) }
      }
    }
  }

  let rows: Rows
  let count: Int
  let metric: DistanceMetric
  private let shape: ImageShape?
  /// The number of tiles of 16 rows.
  let tiles: Int
  /// (tiles * 16): turn a total into a key; see ``NeighborKernels/keysBelow(_:totals:shift:factor:)``.
  let shift, factor: AlignedBuffer<Double>
  /// Nil until a search is long enough to pay for them, and if they cannot help.
  private(set) var sketches: RowSketches?
  package var hasSketches: Bool { sketches != nil }
  private var hasTriedSketches = false
  /// The number of queries of all searches so far.
  private var queryCount = 0

  /// - Parameters:
  ///   - rows: at least one, of a length greater than 0
  ///   - shape: the shape of the images, if rows are their pixels
  package init(_ rows: Rows, metric: DistanceMetric, shape: ImageShape? = nil, on context: ComputeContext) {
    (self.rows, self.metric, self.shape) = (rows, metric, shape)
    count = rows.count
    tiles = (count + 15) / 16
    shift = AlignedBuffer(count: tiles * 16)
    factor = AlignedBuffer(count: tiles * 16)
    let length = rows.length
    switch rows {
    case .bytes(let values, _):
      values.withUnsafeBufferPointer { values in
        context.team.forEach(count, chunk: 256) { row, _ in
          setKey(of: row, RowSums(values.baseAddress! + row * length, length))
        }
      }
    case .floats(let values, _):
      values.withUnsafeBufferPointer { values in
        context.team.forEach(count, chunk: 256) { row, _ in
          var squares = 0.0
          for place in row * length..<(row + 1) * length { squares += Double(values[place]) * Double(values[place]) }
          (shift.pointer[row], factor.pointer[row]) = (0, metric == .cosine ? -Self.inverseNorm(squares) : 1)
        }
      }
    }
    largestFactor = (0..<count).reduce(0) { max($0, abs(factor.pointer[$1])) }
    // Rows that do not exist are at an infinite distance.
    for row in count..<tiles * 16 { (shift.pointer[row], factor.pointer[row]) = (.infinity, 1) }
  }

  private func setKey(of row: Int, _ sums: RowSums) {
    let (sum, squares) = (Double(sums.sum), Double(sums.squares))
    // To be signed, a query's bytes have 128 subtracted before products: add 128 times the sum of the row to the total.
    (shift.pointer[row], factor.pointer[row]) =
      switch metric {
      case .euclidean: (128 * sum - squares / 2, -2)
      case .manhattan: (0, 1)
      case .cosine: (128 * sum, -Self.inverseNorm(squares))
      }
  }

  /// The greatest magnitude of a factor: for cosine, the inverse length of the shortest row.
  private(set) var largestFactor = 0.0

  /// Returns 1 / |x|, or 0 for the zero vector, whose similarity to everything is then 0.
  ///
  /// - Parameter squares: |x|^2
  static func inverseNorm(_ squares: Double) -> Double { squares > 0 ? 1 / squares.squareRoot() : 0 }

  // MARK: Search

  /// Makes the sketches of the rows once the queries so far would have paid for them.
  package func prepare(queries: Int, on context: ComputeContext) {
    queryCount += queries
    guard !hasTriedSketches, RowSketches.arePaidFor(rows: rows, queries: queryCount) else { return }
    hasTriedSketches = true
    let probes = probes(kernels: context.kernels)
    sketches = RowSketches(of: rows, metric: metric, shape: shape, probes: probes, on: context)
  }

  /// Makes the sketches of the rows even if they save no time, for tests.
  package func makeSketches(on context: ComputeContext) {
    hasTriedSketches = true
    sketches = RowSketches(of: rows, metric: metric, shape: shape, probes: nil, on: context)
  }

  /// Returns some of the rows, and distances within which they have a few neighbors.
  private func probes(kernels: any KernelSet.Type) -> (rows: Rows, radii: [Double]) {
    let queries = rows.selecting(rows.evenlySpaced(8))
    let radii = rows.withBytes { rows in
      var search = BlockSearch(8, to: queries, in: self, rows: rows, kernels: kernels)
      search.compareAll(0..<min(tiles, BlockSearch.firstRows / 16))
      return search.radii
    }
    return (queries, radii)
  }

  /// Returns the `k` nearest rows of each query, nearest first; of equally near rows, the one with the lower index
  /// first. Runs on the calling thread.
  ///
  /// - Parameters:
  ///   - queries: at most a few hundred rows, of the kind and length of the training rows
  package func nearest(_ k: Int, to queries: Rows, kernels: any KernelSet.Type) -> [[Neighbor]] {
    search(k, to: queries, kernels: kernels).neighbors
  }

  /// Returns the same, and the number of pairs of a query and a row that were compared without a sketch.
  package func search(
    _ k: Int, to queries: Rows, kernels: any KernelSet.Type
  ) -> (neighbors: [[Neighbor]], fullComparisons: Int) {
    rows.withBytes { rows in
      var search = BlockSearch(k, to: queries, in: self, rows: rows, kernels: kernels)
      search.run()
      return (search.neighbors, search.fullComparisons)
    }
  }

  /// Returns the rows that a search within their own distance would leave out because of their sketches: none, if
  /// bounds are right.
  ///
  /// - Parameters:
  ///   - query: one row
  ///   - distances: (count), for cosine the Euclidean distances of the rows divided by their lengths
  package func rowsNearerThanTheirBounds(query: Rows, distances: [Double], kernels: any KernelSet.Type) -> [Int] {
    guard let sketches else { return [] }
    let querySketches = sketches.sketches(of: query, kernels)
    return (0..<count).filter { row in
      var limit = sketches.limit(querySketches, 0, radius: distances[row])
      var mask: UInt16 = 0
      _ = kernels.rowsWithinLimits(
        metric.byteComparison, queries: 1, tiles: 1, words: RowSketches.words,
        rows: sketches.packed.pointer + row / 16 * RowSketches.bytes * 16,
        offsets: sketches.offsets.pointer + row / 16 * 16, queryWords: querySketches.words.pointer, limits: &limit,
        masks: &mask)
      return mask >> UInt16(row % 16) & 1 == 0
    }
  }
}
