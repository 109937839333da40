internal import KernelInterface

extension SIMDKernels {
  package static func multiplyMatrices(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int, b: UnsafePointer<Float>, bRow: Int,
    c: UnsafeMutablePointer<Float>, cRow: Int, accumulate: Bool
  ) {
    for column in stride(from: 0, to: n, by: 16) {
      var row = 0
      while row < m {
        let rows = min(6, m - row)
        multiplyRows(
          rows, k, a + row * aRow, aRow, aColumn, b + column, bRow, c + row * cRow + column, cRow, accumulate)
        row += rows
      }
    }
  }

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
