internal import KernelInterface

extension SIMDKernels {
  package static func multiplyMatrices(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int, b: UnsafePointer<Float>, bRow: Int,
    c: UnsafeMutablePointer<Float>, cRow: Int, accumulate: Bool
  ) {
    var column = 0
    while column < n {
      var row = 0
      #if AVX512
        // 14 rows of 32 columns take 28 of the 32 registers.
        let columns = min(32, n - column)
        while columns == 32, row + 14 <= m {
          multiply14Rows(
            k, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate)
          row += 14
        }
      #else
        let columns = 16
      #endif
      for part in stride(from: column, to: column + columns, by: 16) {
        for first in stride(from: row, to: m, by: 6) {
          multiplyRows(
            min(6, m - first), k, a + first * aRow, aRow, aColumn, b + part, bRow, c + first * cRow + part, cRow,
            accumulate)
        }
      }
      column += columns
    }
  }

  #if AVX512
    private static func multiply14Rows(
      _ k: Int, _ a: UnsafePointer<Float>, _ aRow: Int, _ aColumn: Int, _ b: UnsafePointer<Float>, _ bRow: Int,
      _ c: UnsafeMutablePointer<Float>, _ cRow: Int, _ accumulate: Bool
    ) {
      @inline(__always)
      func rows(_ first: Int) -> TwoRows { accumulate ? TwoRows(c + first * cRow, cRow) : TwoRows() }
      var (r0, r1, r2, r3) = (rows(0), rows(2), rows(4), rows(6))
      var (r4, r5, r6) = (rows(8), rows(10), rows(12))
      for p in 0..<k {
        let (left, right) = (b.lanes(at: p * bRow), b.lanes(at: p * bRow + 16))
        let column = a + p * aColumn
        r0.accumulate(left, right, column, aRow)
        r1.accumulate(left, right, column + 2 * aRow, aRow)
        r2.accumulate(left, right, column + 4 * aRow, aRow)
        r3.accumulate(left, right, column + 6 * aRow, aRow)
        r4.accumulate(left, right, column + 8 * aRow, aRow)
        r5.accumulate(left, right, column + 10 * aRow, aRow)
        r6.accumulate(left, right, column + 12 * aRow, aRow)
      }
      r0.store(c, cRow)
      r1.store(c + 2 * cRow, cRow)
      r2.store(c + 4 * cRow, cRow)
      r3.store(c + 6 * cRow, cRow)
      r4.store(c + 8 * cRow, cRow)
      r5.store(c + 10 * cRow, cRow)
      r6.store(c + 12 * cRow, cRow)
    }
  #endif

  /// Computes up to six rows of 16 columns: 6 registers of AVX-512, 12 of AVX2's 16.
  @inline(__always)
  private static func multiplyRows(
    _ rows: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aRow: Int, _ aColumn: Int, _ b: UnsafePointer<Float>,
    _ bRow: Int, _ c: UnsafeMutablePointer<Float>, _ cRow: Int, _ accumulate: Bool
  ) {
    // Rows that do not exist repeat the last one and are not stored.
    let last = rows - 1
    let (i1, i2, i3) = (min(1, last) * aRow, min(2, last) * aRow, min(3, last) * aRow)
    let (i4, i5) = (min(4, last) * aRow, min(5, last) * aRow)
    var (c0, c1, c2, c3, c4, c5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
    if accumulate {
      c0 = c.lanes(at: 0)
      c1 = c.lanes(at: min(1, last) * cRow)
      c2 = c.lanes(at: min(2, last) * cRow)
      c3 = c.lanes(at: min(3, last) * cRow)
      c4 = c.lanes(at: min(4, last) * cRow)
      c5 = c.lanes(at: min(5, last) * cRow)
    }
    for p in 0..<k {
      let vector = b.lanes(at: p * bRow)
      let column = a + p * aColumn
      c0 = c0.addingProduct(Lanes(repeating: column[0]), vector)
      c1 = c1.addingProduct(Lanes(repeating: column[i1]), vector)
      c2 = c2.addingProduct(Lanes(repeating: column[i2]), vector)
      c3 = c3.addingProduct(Lanes(repeating: column[i3]), vector)
      c4 = c4.addingProduct(Lanes(repeating: column[i4]), vector)
      c5 = c5.addingProduct(Lanes(repeating: column[i5]), vector)
    }
    c.store(c0, at: 0)
    if rows > 1 { c.store(c1, at: cRow) }
    if rows > 2 { c.store(c2, at: 2 * cRow) }
    if rows > 3 { c.store(c3, at: 3 * cRow) }
    if rows > 4 { c.store(c4, at: 4 * cRow) }
    if rows > 5 { c.store(c5, at: 5 * cRow) }
  }

  package static func transpose(
    rows: Int, columns: Int, source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>
  ) {
    // In squares of 16, so that source and target stay in the first-level cache.
    for row in stride(from: 0, to: rows, by: 16) {
      for column in stride(from: 0, to: columns, by: 16) {
        for j in column..<min(column + 16, columns) {
          for i in row..<min(row + 16, rows) { target[j * rows + i] = source[i * columns + j] }
        }
      }
    }
  }
}

#if AVX512
  /// Two rows of 32 columns of a product.
  private struct TwoRows {
    var a = Lanes()
    var b = Lanes()
    var c = Lanes()
    var d = Lanes()

    @inline(__always) init() {}

    @inline(__always)
    init(_ source: UnsafeMutablePointer<Float>, _ row: Int) {
      (a, b) = (source.lanes(at: 0), source.lanes(at: 16))
      (c, d) = (source.lanes(at: row), source.lanes(at: row + 16))
    }

    /// Adds vector * column.
    @inline(__always)
    mutating func accumulate(_ left: Lanes, _ right: Lanes, _ column: UnsafePointer<Float>, _ row: Int) {
      let (first, second) = (Lanes(repeating: column[0]), Lanes(repeating: column[row]))
      a = a.addingProduct(first, left)
      b = b.addingProduct(first, right)
      c = c.addingProduct(second, left)
      d = d.addingProduct(second, right)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>, _ row: Int) {
      target.store(a, at: 0)
      target.store(b, at: 16)
      target.store(c, at: row)
      target.store(d, at: row + 16)
    }
  }
#endif
