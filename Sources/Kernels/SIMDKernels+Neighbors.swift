internal import CInstructions
package import KernelInterface

/// The sums of one query with two tiles of rows, in 32 bits.
struct TilePair {
  var first = SIMD16<Int32>()
  var second = SIMD16<Int32>()

  @inline(__always) init() {}

  @inline(__always)
  init(_ first: SIMD16<Int32>, _ second: SIMD16<Int32>) { (self.first, self.second) = (first, second) }

  @inline(__always)
  mutating func add(_ comparison: Comparison, _ a: SIMD16<Int32>, _ b: SIMD16<Int32>, _ word: Int32) {
    switch comparison {
    case .products:
      first = atelier_add_products(first, a, word)
      second = atelier_add_products(second, b, word)
    case .differences:
      first = atelier_add_differences(first, a, word)
      second = atelier_add_differences(second, b, word)
    }
  }

  @inline(__always)
  func add(to totals: UnsafeMutablePointer<Double>, both: Bool) {
    let place = UnsafeMutableRawPointer(totals)
    let before = place.loadUnaligned(as: SIMD16<Double>.self)
    place.storeBytes(of: before + atelier_double_from_i32(first), as: SIMD16<Double>.self)
    guard both else { return }
    let after = (place + 128).loadUnaligned(as: SIMD16<Double>.self)
    (place + 128).storeBytes(of: after + atelier_double_from_i32(second), as: SIMD16<Double>.self)
  }
}

extension SIMDKernels {
  package static func compareBytes(
    _ comparison: Comparison, queries: Int, tiles: Int, words: Int, rows: UnsafePointer<UInt8>, tileWords: Int,
    queryWords: UnsafePointer<Int32>, queryStride: Int, totals: UnsafeMutablePointer<Double>
  ) {
    // The comparison is a constant in each call, so that each gets loops of its own.
    switch comparison {
    case .products:
      compare(.products, queries, tiles, words, rows, tileWords, queryWords, queryStride, totals)
    case .differences:
      compare(.differences, queries, tiles, words, rows, tileWords, queryWords, queryStride, totals)
    }
  }

  @inline(__always)
  private static func compare(
    _ comparison: Comparison, _ queries: Int, _ tiles: Int, _ words: Int, _ rows: UnsafePointer<UInt8>,
    _ tileWords: Int,
    _ queryWords: UnsafePointer<Int32>, _ queryStride: Int, _ totals: UnsafeMutablePointer<Double>
  ) {
    for tile in stride(from: 0, to: tiles, by: 2) {
      let both = tile + 1 < tiles
      let first = UnsafeRawPointer(rows + tile * tileWords * 64)
      let second = both ? first + tileWords * 64 : first
      forEachQuery(comparison, TilePair(), queries, words, first, second, queryWords, queryStride) { query, sums in
        sums.add(to: totals + (query * tiles + tile) * 16, both: both)
      }
    }
  }

  /// Compares two tiles of rows with all queries, and calls `body` with the sums of each query.
  ///
  /// - Parameters:
  ///   - start: is added to all sums
  ///   - first, second: [word][16 rows][4 bytes]
  ///   - queryWords: [query][queryStride] words of four bytes
  @inline(__always)
  static func forEachQuery(
    _ comparison: Comparison, _ start: TilePair, _ queries: Int, _ words: Int, _ first: UnsafeRawPointer,
    _ second: UnsafeRawPointer, _ queryWords: UnsafePointer<Int32>, _ queryStride: Int,
    _ body: (_ query: Int, _ sums: TilePair) -> Void
  ) {
    var query = 0
    // Six queries times two tiles take 12 registers of AVX-512.
    while query + 6 <= queries {
      let q = queryWords + query * queryStride
      var (s0, s1, s2, s3, s4, s5) = (start, start, start, start, start, start)
      for word in 0..<words {
        let a = (first + word * 64).load(as: SIMD16<Int32>.self)
        let b = (second + word * 64).load(as: SIMD16<Int32>.self)
        s0.add(comparison, a, b, q[word])
        s1.add(comparison, a, b, q[queryStride + word])
        s2.add(comparison, a, b, q[2 * queryStride + word])
        s3.add(comparison, a, b, q[3 * queryStride + word])
        s4.add(comparison, a, b, q[4 * queryStride + word])
        s5.add(comparison, a, b, q[5 * queryStride + word])
      }
      body(query, s0)
      body(query + 1, s1)
      body(query + 2, s2)
      body(query + 3, s3)
      body(query + 4, s4)
      body(query + 5, s5)
      query += 6
    }
    while query < queries {
      let q = queryWords + query * queryStride
      var sums = start
      for word in 0..<words {
        let a = (first + word * 64).load(as: SIMD16<Int32>.self)
        let b = (second + word * 64).load(as: SIMD16<Int32>.self)
        sums.add(comparison, a, b, q[word])
      }
      body(query, sums)
      query += 1
    }
  }

  package static func compareFloats(
    _ comparison: FloatComparison, queries: Int, tiles: Int, components: Int, rows: UnsafePointer<Float>,
    queryValues: UnsafePointer<Float>, totals: UnsafeMutablePointer<Double>
  ) {
    switch comparison {
    case .products: compare(.products, queries, tiles, components, rows, queryValues, totals)
    case .squaredDifferences: compare(.squaredDifferences, queries, tiles, components, rows, queryValues, totals)
    case .absoluteDifferences: compare(.absoluteDifferences, queries, tiles, components, rows, queryValues, totals)
    }
  }

  @inline(__always)
  private static func compare(
    _ comparison: FloatComparison, _ queries: Int, _ tiles: Int, _ components: Int, _ rows: UnsafePointer<Float>,
    _ queryValues: UnsafePointer<Float>, _ totals: UnsafeMutablePointer<Double>
  ) {
    for tile in 0..<tiles {
      let row = rows + tile * components * 16
      var query = 0
      while query < queries {
        // Queries that do not exist repeat the last one and are not stored.
        let last = queries - 1
        let q0 = queryValues + query * components
        let q1 = queryValues + min(query + 1, last) * components
        let q2 = queryValues + min(query + 2, last) * components
        let q3 = queryValues + min(query + 3, last) * components
        var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
        for component in 0..<components {
          let values = row.lanes(at: component * 16)
          s0 = added(comparison, s0, values, q0[component])
          s1 = added(comparison, s1, values, q1[component])
          s2 = added(comparison, s2, values, q2[component])
          s3 = added(comparison, s3, values, q3[component])
        }
        let place = UnsafeMutableRawPointer(totals + (query * tiles + tile) * 16)
        let next = tiles * 128
        place.storeBytes(of: atelier_double_from_float(s0), as: SIMD16<Double>.self)
        if query + 1 < queries { (place + next).storeBytes(of: atelier_double_from_float(s1), as: SIMD16<Double>.self) }
        if query + 2 < queries {
          (place + 2 * next).storeBytes(of: atelier_double_from_float(s2), as: SIMD16<Double>.self)
        }
        if query + 3 < queries {
          (place + 3 * next).storeBytes(of: atelier_double_from_float(s3), as: SIMD16<Double>.self)
        }
        query += 4
      }
    }
  }

  @inline(__always)
  private static func added(_ comparison: FloatComparison, _ sum: Lanes, _ values: Lanes, _ query: Float) -> Lanes {
    switch comparison {
    case .products: return sum.addingProduct(values, Lanes(repeating: query))
    case .squaredDifferences:
      let difference = values - Lanes(repeating: query)
      return sum.addingProduct(difference, difference)
    case .absoluteDifferences:
      let difference = values - Lanes(repeating: query)
      return sum + difference.replacing(with: -difference, where: difference .< 0)
    }
  }

  package static func keysBelow(
    _ limit: Double, totals: UnsafeMutablePointer<Double>, shift: UnsafePointer<Double>, factor: UnsafePointer<Double>
  ) -> UInt32 {
    for lane in 0..<16 { totals[lane] = (totals[lane] + shift[lane]) * factor[lane] }
    return atelier_lanes_below(totals, limit)
  }
}
