internal import Compute
internal import Datasets
internal import KernelInterface

/// A neighbor of a query: a row of the training set.
package struct Neighbor: Sendable, Equatable {
  package let row: Int
  package let distance: Double

  package init(row: Int, distance: Double) { (self.row, self.distance) = (row, distance) }
}

/// The training rows, packed for exact search, which compares every row with every query.
///
/// Rows are ranked by keys, numbers in the same order as the distances; terms that depend on the query alone are added
/// at the end. With the Euclidean and Manhattan metrics, keys of byte rows are exact integers, so ties are true ties.
final class NeighborIndex {
  enum Rows {
    /// (rows, length)
    case bytes([UInt8], length: Int)
    /// (rows, length)
    case floats([Float], length: Int)
  }

  let count: Int
  private let metric: DistanceMetric
  private let length: Int
  private let isBytes: Bool
  /// The number of tiles of 16 rows.
  private let tiles: Int
  /// The number of words of four bytes in a row.
  private let words: Int
  /// [tile][word][16 rows][4 bytes]; empty for rows of floats.
  private let packedBytes: AlignedBuffer<UInt8>
  /// [tile][component][16 rows]; empty for rows of bytes.
  private let packedFloats: AlignedBuffer<Float>
  /// (tiles * 16): turn a total into a key; see ``NeighborKernels/keysBelow(_:totals:shift:factor:)``.
  private let shift, factor: AlignedBuffer<Double>

  /// The number of tiles compared with all queries while they are in the first-level cache.
  private static let tilesAtOnce = 2
  /// The number of words that a lane sums in 32 bits; more are summed in a Double.
  private static let wordsAtOnce = 16384

  init(_ rows: Rows, metric: DistanceMetric, on context: ComputeContext) {
    self.metric = metric
    switch rows {
    case .bytes(let values, let length):
      (isBytes, self.length, count) = (true, length, values.count / length)
    case .floats(let values, let length):
      (isBytes, self.length, count) = (false, length, values.count / length)
    }
    tiles = (count + 15) / 16
    words = isBytes ? (length + 3) / 4 : 0
    packedBytes = AlignedBuffer(count: isBytes ? tiles * words * 64 : 0)
    packedFloats = AlignedBuffer(count: isBytes ? 0 : tiles * length * 16)
    shift = AlignedBuffer(count: tiles * 16)
    factor = AlignedBuffer(count: tiles * 16)
    switch rows {
    case .bytes(let values, _): values.withUnsafeBufferPointer { pack($0.baseAddress!, context) }
    case .floats(let values, _): values.withUnsafeBufferPointer { pack($0.baseAddress!, context) }
    }
    // Rows that do not exist are at an infinite distance.
    for row in count..<tiles * 16 { (shift.pointer[row], factor.pointer[row]) = (.infinity, 1) }
  }

  private func pack(_ values: UnsafePointer<UInt8>, _ context: ComputeContext) {
    context.team.forEach(count, chunk: 256) { row, _ in
      let source = values + row * length
      let target = packedBytes.pointer + (row >> 4) * words * 64 + (row & 15) * 4
      var (sum, squares) = (0, 0)
      for place in 0..<length {
        let value = Int(source[place])
        target[(place >> 2) * 64 + (place & 3)] = source[place]
        sum += value
        squares += value * value
      }
      // To be signed, a query's bytes have 128 subtracted before products: add 128 times the sum of the row to the
      // total.
      switch metric {
      case .euclidean: (shift.pointer[row], factor.pointer[row]) = (Double(128 * sum) - Double(squares) / 2, -2)
      case .manhattan: (shift.pointer[row], factor.pointer[row]) = (0, 1)
      case .cosine: (shift.pointer[row], factor.pointer[row]) = (Double(128 * sum), -Self.inverseNorm(Double(squares)))
      }
    }
  }

  private func pack(_ values: UnsafePointer<Float>, _ context: ComputeContext) {
    context.team.forEach(count, chunk: 256) { row, _ in
      let source = values + row * length
      let target = packedFloats.pointer + (row >> 4) * length * 16 + (row & 15)
      var squares = 0.0
      for place in 0..<length {
        target[place * 16] = source[place]
        squares += Double(source[place]) * Double(source[place])
      }
      (shift.pointer[row], factor.pointer[row]) = (0, metric == .cosine ? -Self.inverseNorm(squares) : 1)
    }
  }

  /// Returns 1 / |x|, or 0 for the zero vector, whose similarity to everything is then 0.
  ///
  /// - Parameter squares: |x|^2
  static func inverseNorm(_ squares: Double) -> Double { squares > 0 ? 1 / squares.squareRoot() : 0 }

  // MARK: Search

  /// Returns the `k` nearest rows of each query, nearest first; of equally near rows, the one with the lower index
  /// first. Runs on the calling thread.
  ///
  /// - Parameters:
  ///   - queries: at most a few hundred rows, of the kind and length of the training rows
  ///   - excluding: the fold of each training row, and for each query the fold to exclude
  func nearest(
    _ k: Int, to queries: Rows, excluding: (rowFolds: [UInt8], queryFolds: [UInt8])? = nil, kernels: any KernelSet.Type
  ) -> [[Neighbor]] {
    let prepared = PreparedQueries(queries, metric: metric, words: words)
    var lists = (0..<prepared.count).map { _ in NearestList(capacity: k) }
    let totals = AlignedBuffer<Double>(count: prepared.count * Self.tilesAtOnce * 16)
    for tile in stride(from: 0, to: tiles, by: Self.tilesAtOnce) {
      let width = min(Self.tilesAtOnce, tiles - tile)
      compare(prepared, tile: tile, width: width, totals.pointer, kernels)
      for query in lists.indices {
        for offset in 0..<width {
          let place = totals.pointer + (query * width + offset) * 16
          let firstRow = (tile + offset) * 16
          var below = kernels.keysBelow(
            lists[query].limit, totals: place, shift: shift.pointer + firstRow, factor: factor.pointer + firstRow)
          while below != 0 {
            let lane = below.trailingZeroBitCount
            below &= below - 1
            if let excluding, excluding.rowFolds[firstRow + lane] == excluding.queryFolds[query] { continue }
            lists[query].insert(row: firstRow + lane, key: place[lane])
          }
        }
      }
    }
    return lists.indices.map { query in
      lists[query].entries.map { Neighbor(row: $0.row, distance: prepared.distance(query, key: $0.key)) }
    }
  }

  private func compare(
    _ queries: borrowing PreparedQueries, tile: Int, width: Int, _ totals: UnsafeMutablePointer<Double>,
    _ kernels: any KernelSet.Type
  ) {
    guard isBytes else {
      let comparison: FloatComparison =
        switch metric {
        case .euclidean: .squaredDifferences
        case .manhattan: .absoluteDifferences
        case .cosine: .products
        }
      return kernels.compareFloats(
        comparison, queries: queries.count, tiles: width, components: length,
        rows: packedFloats.pointer + tile * length * 16, queryValues: queries.floats.pointer, totals: totals)
    }
    totals.update(repeating: 0, count: queries.count * width * 16)
    for word in stride(from: 0, to: words, by: Self.wordsAtOnce) {
      kernels.compareBytes(
        metric == .manhattan ? .differences : .products, queries: queries.count, tiles: width,
        words: min(Self.wordsAtOnce, words - word), rows: packedBytes.pointer + (tile * words + word) * 64,
        tileWords: words, queryWords: queries.words.pointer + word, queryStride: words, totals: totals)
    }
  }
}

/// A block of queries in the form that the kernels read.
private struct PreparedQueries: ~Copyable {
  let count: Int
  /// (count, words); empty for floats.
  let words: AlignedBuffer<Int32>
  /// (count, length); empty for bytes.
  let floats: AlignedBuffer<Float>
  private let metric: DistanceMetric
  private let isBytes: Bool
  /// (count), the sum of squares of each query.
  private let squares: [Double]

  init(_ queries: NeighborIndex.Rows, metric: DistanceMetric, words rowWords: Int) {
    self.metric = metric
    switch queries {
    case .bytes(let values, let length):
      isBytes = true
      count = values.count / length
      words = AlignedBuffer(count: count * rowWords)
      floats = AlignedBuffer(count: 0)
      // Products need signed bytes.
      let signBit: UInt8 = metric == .manhattan ? 0 : 128
      let bytes = UnsafeMutableRawPointer(words.pointer).assumingMemoryBound(to: UInt8.self)
      var squares = [Double](repeating: 0, count: count)
      for query in 0..<count {
        var sum = 0
        for place in 0..<length {
          let value = values[query * length + place]
          bytes[query * rowWords * 4 + place] = value ^ signBit
          sum += Int(value) * Int(value)
        }
        squares[query] = Double(sum)
      }
      self.squares = squares
    case .floats(let values, let length):
      isBytes = false
      count = values.count / length
      words = AlignedBuffer(count: 0)
      floats = AlignedBuffer(values)
      squares = (0..<count).map { query in
        values[query * length..<(query + 1) * length].reduce(0.0) { $0 + Double($1) * Double($1) }
      }
    }
  }

  /// Returns the distance of the row with this key.
  func distance(_ query: Int, key: Double) -> Double {
    switch metric {
    case .euclidean: max(0, isBytes ? key + squares[query] : key).squareRoot()
    case .manhattan: key
    case .cosine: max(0, 1 + key * NeighborIndex.inverseNorm(squares[query]))
    }
  }
}

/// The nearest rows so far, ordered by key, then by row.
private struct NearestList {
  private(set) var entries: [(row: Int, key: Double)] = []
  private let capacity: Int
  /// Rows enter only with a key below this limit.
  private(set) var limit = Double.infinity

  init(capacity: Int) {
    self.capacity = capacity
    entries.reserveCapacity(capacity + 1)
  }

  /// Inserts a row. Rows are inserted in ascending order, so of equal keys, the lower row stays in front.
  mutating func insert(row: Int, key: Double) {
    guard key < limit else { return }
    var place = entries.count
    entries.append((row, key))
    while place > 0 && entries[place - 1].key > key {
      entries[place] = entries[place - 1]
      place -= 1
    }
    entries[place] = (row, key)
    if entries.count > capacity { entries.removeLast() }
    if entries.count == capacity { limit = entries[capacity - 1].key }
  }
}
