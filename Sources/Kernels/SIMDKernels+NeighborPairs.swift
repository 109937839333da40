internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func compareFloatPairs(
    _ comparison: FloatComparison, components: Int, rows: UnsafePointer<Float>, queryValues: UnsafePointer<Float>,
    rowNumbers: UnsafePointer<Int32>, queryNumbers: UnsafePointer<Int32>, count: Int,
    totals: UnsafeMutablePointer<Double>
  ) {
    // The comparison is a constant in each call, so that each gets loops of its own.
    let pairs = FloatPairs(rows, queryValues, rowNumbers, queryNumbers, count: count, components: components)
    switch comparison {
    case .products: pairs.compare(.products, totals)
    case .squaredDifferences: pairs.compare(.squaredDifferences, totals)
    case .absoluteDifferences: pairs.compare(.absoluteDifferences, totals)
    }
  }
}

/// Pairs of a row and a query, each in a lane of its own.
private struct FloatPairs {
  private let rows: UnsafePointer<Float>
  private let queries: UnsafePointer<Float>
  private let rowNumbers: UnsafePointer<Int32>
  private let queryNumbers: UnsafePointer<Int32>
  private let count: Int
  private let components: Int

  @inline(__always)
  init(
    _ rows: UnsafePointer<Float>, _ queries: UnsafePointer<Float>, _ rowNumbers: UnsafePointer<Int32>,
    _ queryNumbers: UnsafePointer<Int32>, count: Int, components: Int
  ) {
    (self.rows, self.queries, self.rowNumbers, self.queryNumbers) = (rows, queries, rowNumbers, queryNumbers)
    (self.count, self.components) = (count, components)
  }

  @inline(__always)
  func compare(_ comparison: FloatComparison, _ totals: UnsafeMutablePointer<Double>) {
    // Sixteen components of sixteen pairs, transposed where they are: of rows and queries, or of differences.
    withUnsafeTemporaryAllocation(byteCount: 2048, alignment: 64) { memory in
      let first = memory.baseAddress!.assumingMemoryBound(to: Int32.self)
      let second = first + 256
      for pair in stride(from: 0, to: count, by: 16) {
        var sums = Lanes()
        for component in stride(from: 0, to: components, by: 16) {
          for lane in 0..<16 { load(comparison, component, pair &+ lane, lane: lane, first, second) }
          atelier_transpose_square_16x16(first)
          if comparison == .products { atelier_transpose_square_16x16(second) }
          let (values, others) = (UnsafeRawPointer(first), UnsafeRawPointer(second))
          for offset in 0..<min(16, components &- component) {
            let value = (values + offset &* 64).load(as: Lanes.self)
            switch comparison {
            case .products: sums = sums.addingProduct(value, (others + offset &* 64).load(as: Lanes.self))
            case .squaredDifferences: sums = sums.addingProduct(value, value)
            case .absoluteDifferences: sums += value
            }
          }
        }
        UnsafeMutableRawPointer(totals + pair).storeBytes(
          of: atelier_double_from_float(sums), as: SIMD16<Double>.self)
      }
    }
  }

  /// Loads sixteen components of a pair; the last pair again if there are no more.
  @inline(__always)
  private func load(
    _ comparison: FloatComparison, _ component: Int, _ pair: Int, lane: Int, _ first: UnsafeMutablePointer<Int32>,
    _ second: UnsafeMutablePointer<Int32>
  ) {
    let last = count &- 1
    let place = pair < last ? pair : last
    let row = values(rows + Int(rowNumbers[place]) &* components, component)
    let query = values(queries + Int(queryNumbers[place]) &* components, component)
    let following = pair &+ 16 < last ? pair &+ 16 : last
    atelier_prefetch(rows + (Int(rowNumbers[following]) &* components &+ component))
    let target = UnsafeMutableRawPointer(first + lane &* 16)
    switch comparison {
    case .products:
      target.storeBytes(of: row, as: Lanes.self)
      UnsafeMutableRawPointer(second + lane &* 16).storeBytes(of: query, as: Lanes.self)
    case .squaredDifferences: target.storeBytes(of: row - query, as: Lanes.self)
    case .absoluteDifferences:
      let difference = row - query
      target.storeBytes(of: difference.replacing(with: -difference, where: difference .< 0), as: Lanes.self)
    }
  }

  /// Returns sixteen components from `component` on; zeros after the last one.
  @inline(__always)
  private func values(_ start: UnsafePointer<Float>, _ component: Int) -> Lanes {
    let bytes = UnsafeRawPointer(start + component).assumingMemoryBound(to: UInt8.self)
    let rest = components &- component
    return unsafeBitCast(
      rest < 16 ? atelier_load_bytes(bytes, 4 &* rest) : atelier_load_64_bytes(bytes), to: Lanes.self)
  }
}
