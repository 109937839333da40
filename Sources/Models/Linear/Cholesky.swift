internal import Compute

/// The inverse of the Cholesky factor of a symmetric, positive definite matrix, in double precision, by the same
/// sequence of operations on any number of threads.
enum Cholesky {
  /// The number of rows that are finished before they are subtracted from all later rows; a multiple of 4.
  private static let block = 32

  /// Returns the lower triangular matrix T for which T matrix Tᵀ is the identity: the inverse of the factor L of
  /// matrix = L Lᵀ.
  ///
  /// - Parameters:
  ///   - matrix: (n, n), overwritten; only the upper triangle is read
  ///   - progress: called from time to time; throws to stop
  /// - Returns: (n, n)
  static func inverseFactor(
    of matrix: UnsafeMutablePointer<Double>, size n: Int, on context: ComputeContext,
    progress: () throws -> Void
  ) rethrows -> AlignedBuffer<Double> {
    // Row i of Lᵀ is (row i of the matrix, less the sum over k < i of Lᵀ[k, i] times row k) / root of its first value.
    func divideByRoot(_ row: Int) {
      let root = matrix[row * n + row].squareRoot()
      for column in row..<n { matrix[row * n + column] /= root }
    }
    try eliminate(
      matrix, n, factors: matrix, context, columns: { _, row in row..<n }, finish: divideByRoot, progress)
    // Row i of T is (row i of the identity, less the sum over k < i of Lᵀ[k, i] times row k) / Lᵀ[i, i].
    let inverse = AlignedBuffer<Double>(count: n * n)
    let rows = inverse.pointer
    for i in 0..<n { rows[i * n + i] = 1 }
    func divideByDiagonal(_ row: Int) {
      for column in 0...row { rows[row * n + column] /= matrix[row * n + row] }
    }
    try eliminate(
      rows, n, factors: matrix, context, columns: { earlier, _ in 0..<earlier + 1 }, finish: divideByDiagonal,
      progress)
    return inverse
  }

  /// Subtracts from each row i the earlier rows k times factors[k, i], and finishes the rows in order.
  ///
  /// - Parameters:
  ///   - columns: returns the columns in which an earlier row changes a row
  ///   - finish: completes a row from which all earlier ones have been subtracted
  private static func eliminate(
    _ rows: UnsafeMutablePointer<Double>, _ n: Int, factors: UnsafePointer<Double>, _ context: ComputeContext,
    columns: (_ earlier: Int, _ row: Int) -> Range<Int>, finish: (_ row: Int) -> Void,
    _ progress: () throws -> Void
  ) rethrows {
    for first in stride(from: 0, to: n, by: block) {
      try progress()
      let end = min(n, first + block)
      for row in first..<end {
        for k in first..<row {
          let (source, target, factor) = (rows + k * n, rows + row * n, factors[k * n + row])
          for column in columns(k, row) { target[column] -= factor * source[column] }
        }
        finish(row)
      }
      // Rows follow only after a whole block, whose length is a multiple of 4.
      context.team.forEach(n - end, chunk: 4) { offset, _ in
        let row = end + offset
        for k in stride(from: first, to: end, by: 4) {
          let factor = factors + k * n + row
          subtractFour(
            rows + k * n, n, times: (factor[0], factor[n], factor[2 * n], factor[3 * n]), from: rows + row * n,
            columns(k + 3, row))
        }
      }
    }
  }

  /// Subtracts four consecutive rows, each times its factor, from a later row.
  private static func subtractFour(
    _ rows: UnsafePointer<Double>, _ n: Int, times factors: (Double, Double, Double, Double),
    from target: UnsafeMutablePointer<Double>, _ columns: Range<Int>
  ) {
    let (second, third, fourth) = (rows + n, rows + 2 * n, rows + 3 * n)
    for column in columns {
      let first = factors.0 * rows[column] + factors.1 * second[column]
      let last = factors.2 * third[column] + factors.3 * fourth[column]
      target[column] -= first + last
    }
  }
}
