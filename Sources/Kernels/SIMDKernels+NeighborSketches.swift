internal import CInstructions
package import KernelInterface

extension TilePair {
  /// Stores the masks, and returns the number of marks.
  @inline(__always)
  func store(_ comparison: Comparison, _ limit: Int32, _ masks: UnsafeMutablePointer<UInt16>, both: Bool) -> Int {
    let marks: (UInt16, UInt16)
    switch comparison {
    case .products: marks = (atelier_lanes_at_least(first, limit), atelier_lanes_at_least(second, limit))
    case .differences:
      marks = (~atelier_lanes_at_least(first, limit &+ 1), ~atelier_lanes_at_least(second, limit &+ 1))
    }
    masks[0] = marks.0
    guard both else { return marks.0.nonzeroBitCount }
    masks[1] = marks.1
    return (UInt32(marks.0) | UInt32(marks.1) << 16).nonzeroBitCount
  }
}

extension SIMDKernels {
  package static func packTile(
    rows: UnsafePointer<UInt8>, rowBytes: Int, numbers: UnsafePointer<Int32>, tile: UnsafeMutablePointer<UInt8>
  ) {
    var offset = 0
    while offset < rowBytes {
      // 64 bytes of each row, which are then transposed where they are.
      let square = UnsafeMutableRawPointer(tile + offset * 16)
      for row in 0..<16 {
        let bytes = atelier_load_bytes(rows + Int(numbers[row]) * rowBytes + offset, rowBytes - offset)
        square.storeBytes(of: bytes, toByteOffset: row * 64, as: SIMD64<UInt8>.self)
      }
      atelier_transpose_square_16x16(square.assumingMemoryBound(to: Int32.self))
      offset += 64
    }
  }

  package static func rowsWithinLimits(
    _ comparison: Comparison, queries: Int, tiles: Int, words: Int, rows: UnsafePointer<UInt8>,
    offsets: UnsafePointer<Int32>, queryWords: UnsafePointer<Int32>, limits: UnsafePointer<Int32>,
    masks: UnsafeMutablePointer<UInt16>
  ) -> Int {
    // The comparison is a constant in each call, so that each gets loops of its own.
    switch comparison {
    case .products: return mark(.products, queries, tiles, words, rows, offsets, queryWords, limits, masks)
    case .differences: return mark(.differences, queries, tiles, words, rows, offsets, queryWords, limits, masks)
    }
  }

  @inline(__always)
  private static func mark(
    _ comparison: Comparison, _ queries: Int, _ tiles: Int, _ words: Int, _ rows: UnsafePointer<UInt8>,
    _ offsets: UnsafePointer<Int32>, _ queryWords: UnsafePointer<Int32>, _ limits: UnsafePointer<Int32>,
    _ masks: UnsafeMutablePointer<UInt16>
  ) -> Int {
    var marks = 0
    for tile in stride(from: 0, to: tiles, by: 2) {
      let both = tile + 1 < tiles
      let first = UnsafeRawPointer(rows + tile * words * 64)
      let second = both ? first + words * 64 : first
      let offset = UnsafeRawPointer(offsets + tile * 16)
      let start = TilePair(
        offset.load(as: SIMD16<Int32>.self), (both ? offset + 64 : offset).load(as: SIMD16<Int32>.self))
      forEachQuery(comparison, start, queries, words, first, second, queryWords, words) { query, sums in
        marks &+= sums.store(comparison, limits[query], masks + query * tiles + tile, both: both)
      }
    }
    return marks
  }

  package static func compareRows(
    _ comparison: Comparison, length: Int, rows: UnsafePointer<UInt8>, query: UnsafePointer<UInt8>,
    numbers: UnsafePointer<Int32>, count: Int, following: Int, totals: UnsafeMutablePointer<Double>
  ) {
    switch comparison {
    case .products: sum(.products, length, rows, query, numbers, count, following, totals)
    case .differences: sum(.differences, length, rows, query, numbers, count, following, totals)
    }
  }

  @inline(__always)
  private static func sum(
    _ comparison: Comparison, _ length: Int, _ rows: UnsafePointer<UInt8>, _ query: UnsafePointer<UInt8>,
    _ numbers: UnsafePointer<Int32>, _ count: Int, _ following: Int, _ totals: UnsafeMutablePointer<Double>
  ) {
    let whole = length / 64 * 64
    var index = 0
    while index < count {
      let four = FourRows(rows, length, numbers, from: index, to: count - 1)
      let next = FourRows(rows, length, numbers, from: index + 4, to: count + following - 1)
      var (s0, s1, s2, s3) = (SIMD16<Int32>(), SIMD16<Int32>(), SIMD16<Int32>(), SIMD16<Int32>())
      var place = 0
      while place < whole {
        next.prefetch(place)
        let q = UnsafeRawPointer(query + place).load(as: SIMD64<UInt8>.self)
        s0 = added(comparison, s0, atelier_load_64_bytes(four.a + place), q)
        s1 = added(comparison, s1, atelier_load_64_bytes(four.b + place), q)
        s2 = added(comparison, s2, atelier_load_64_bytes(four.c + place), q)
        s3 = added(comparison, s3, atelier_load_64_bytes(four.d + place), q)
        place += 64
      }
      if place < length {
        next.prefetch(place)
        let rest = length - place
        let q = UnsafeRawPointer(query + place).load(as: SIMD64<UInt8>.self)
        s0 = added(comparison, s0, atelier_load_bytes(four.a + place, rest), q)
        s1 = added(comparison, s1, atelier_load_bytes(four.b + place, rest), q)
        s2 = added(comparison, s2, atelier_load_bytes(four.c + place, rest), q)
        s3 = added(comparison, s3, atelier_load_bytes(four.d + place, rest), q)
      }
      totals[index] = Double(atelier_lane_sum(s0))
      if index + 1 < count { totals[index + 1] = Double(atelier_lane_sum(s1)) }
      if index + 2 < count { totals[index + 2] = Double(atelier_lane_sum(s2)) }
      if index + 3 < count { totals[index + 3] = Double(atelier_lane_sum(s3)) }
      index += 4
    }
  }

  @inline(__always)
  private static func added(
    _ comparison: Comparison, _ sum: SIMD16<Int32>, _ row: SIMD64<UInt8>, _ query: SIMD64<UInt8>
  ) -> SIMD16<Int32> {
    switch comparison {
    case .products: return atelier_add_row_products(sum, row, query)
    case .differences: return atelier_add_row_differences(sum, row, query)
    }
  }
}

/// Four rows that are compared at once.
private struct FourRows {
  let a, b, c, d: UnsafePointer<UInt8>

  /// The rows `numbers[index...]`; those behind `last` repeat it.
  @inline(__always)
  init(
    _ rows: UnsafePointer<UInt8>, _ length: Int, _ numbers: UnsafePointer<Int32>, from index: Int, to last: Int
  ) {
    a = rows + Int(numbers[min(index, last)]) * length
    b = rows + Int(numbers[min(index + 1, last)]) * length
    c = rows + Int(numbers[min(index + 2, last)]) * length
    d = rows + Int(numbers[min(index + 3, last)]) * length
  }

  /// Fetches a line of each row into the first-level cache.
  @inline(__always)
  func prefetch(_ place: Int) {
    atelier_prefetch(a + place)
    atelier_prefetch(b + place)
    atelier_prefetch(c + place)
    atelier_prefetch(d + place)
  }
}
