internal import Compute

/// A block of queries in the form that the kernels read.
struct PreparedQueries: ~Copyable {
  let count: Int
  /// The number of words of a query in `words`, a multiple of 16.
  let stride: Int
  /// (count, stride), zero behind the values of a query; empty for floats.
  let words: AlignedBuffer<Int32>
  /// (count, length); empty for bytes.
  let floats: AlignedBuffer<Float>
  /// (count), the sum of squares of each query.
  let squares: [Double]
  private let metric: DistanceMetric
  private let isBytes: Bool

  init(_ queries: NeighborIndex.Rows, metric: DistanceMetric) {
    self.metric = metric
    count = queries.count
    switch queries {
    case .bytes(let values, let length):
      isBytes = true
      stride = (length + 63) / 64 * 16
      words = AlignedBuffer(count: count * stride)
      floats = AlignedBuffer(count: 0)
      // Products need signed bytes.
      let signBit: UInt8 = metric == .manhattan ? 0 : 128
      for query in 0..<count {
        let bytes = UnsafeMutableRawPointer(words.pointer + query * stride).assumingMemoryBound(to: UInt8.self)
        for place in 0..<length { bytes[place] = values[query * length + place] ^ signBit }
      }
      squares = queries.withBytes { bytes in
        (0..<queries.count).map { Double(RowSums(bytes + $0 * length, length).squares) }
      }
    case .floats(let values, let length):
      isBytes = false
      stride = 0
      words = AlignedBuffer(count: 0)
      floats = AlignedBuffer(values)
      squares = (0..<queries.count).map { query in
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

/// The sum of the bytes of a row, and the sum of their squares.
struct RowSums {
  private(set) var sum = 0
  private(set) var squares = 0

  init(_ values: UnsafePointer<UInt8>, _ length: Int) {
    // The squares of 65536 bytes add up to less than 2^32.
    for first in Swift.stride(from: 0, to: length, by: 65536) {
      var (partSum, partSquares) = (UInt32(0), UInt32(0))
      for place in first..<min(first + 65536, length) {
        let value = UInt32(values[place])
        partSum &+= value
        partSquares &+= value &* value
      }
      sum += Int(partSum)
      squares += Int(partSquares)
    }
  }
}
