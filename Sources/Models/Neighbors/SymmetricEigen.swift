/// Eigenvalues and eigenvectors of a symmetric matrix, in double precision, by the same sequence of operations
/// everywhere.
///
/// Householder's reduction to tridiagonal form, then the QL method with implicit shifts: the procedures tred2 and tql2
/// of Bowdler, Martin, Reinsch and Wilkinson (Numerische Mathematik 11, 1968), with vectors as rows, so that inner
/// loops run over contiguous memory.
struct SymmetricEigen: Sendable {
  /// (n), descending.
  let values: [Double]
  /// (n, n): row i is the vector of value i. Its length is 1, and its element of largest magnitude is positive.
  let vectors: [Double]

  /// - Parameter matrix: (n, n); only the lower triangle is read
  init(_ matrix: [Double], size n: Int) {
    var rows = matrix
    var diagonal = [Double](repeating: 0, count: n)
    var below = [Double](repeating: 0, count: n)
    rows.withUnsafeMutableBufferPointer { rows in
      Self.tridiagonalize(rows.baseAddress!, n, &diagonal, &below)
      Self.diagonalize(rows.baseAddress!, n, &diagonal, &below)
    }
    let order = (0..<n).sorted { diagonal[$0] != diagonal[$1] ? diagonal[$0] > diagonal[$1] : $0 < $1 }
    values = order.map { diagonal[$0] }
    vectors = order.flatMap { index -> [Double] in
      let vector = rows[index * n..<(index + 1) * n]
      let largest = vector.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? vector.map { -$0 } : Array(vector)
    }
  }

  /// Reduces `a` to tridiagonal form: stores the transposed transformation in `a`, the diagonal in `d`, and the
  /// elements beside it in `e`, from index 1 on.
  private static func tridiagonalize(
    _ a: UnsafeMutablePointer<Double>, _ n: Int, _ d: inout [Double], _ e: inout [Double]
  ) {
    // Reflections from the last row up. Row i stores the vector u of its reflection, d[i] half its squared length (0 if
    // there is no reflection).
    for i in stride(from: n - 1, to: 0, by: -1) {
      let u = a + i * n
      var scale = 0.0
      for k in 0..<i { scale += abs(u[k]) }
      if i == 1 || scale == 0 {
        e[i] = u[i - 1]
        d[i] = 0
        continue
      }
      var h = 0.0
      for k in 0..<i {
        u[k] /= scale
        h += u[k] * u[k]
      }
      let f = u[i - 1]
      let g = f >= 0 ? -h.squareRoot() : h.squareRoot()
      e[i] = scale * g
      h -= f * g
      u[i - 1] = f - g
      // p = A u / h, from the lower triangle; e is free below i.
      for j in 0..<i { e[j] = 0 }
      for j in 0..<i {
        let row = a + j * n
        let uj = u[j]
        var sum = row[j] * uj
        for k in 0..<j {
          sum += row[k] * u[k]
          e[k] += row[k] * uj
        }
        e[j] += sum
      }
      var product = 0.0
      for j in 0..<i {
        e[j] /= h
        product += e[j] * u[j]
      }
      let half = product / (h + h)
      for j in 0..<i { e[j] -= half * u[j] }
      for j in 0..<i {
        let row = a + j * n
        let (uj, ej) = (u[j], e[j])
        for k in 0...j { row[k] -= uj * e[k] + ej * u[k] }
      }
      d[i] = h
    }
    accumulate(a, n, &d)
    e[0] = 0
  }

  /// Multiplies the reflections. Afterwards, row j of `a` is column j of the product.
  private static func accumulate(_ a: UnsafeMutablePointer<Double>, _ n: Int, _ d: inout [Double]) {
    var vector = [Double](repeating: 0, count: n)
    d[0] = 0
    for i in 0..<n {
      let u = a + i * n
      let h = d[i]
      d[i] = u[i]
      if h != 0 {
        for k in 0..<i { vector[k] = u[k] }
        for j in 0..<i {
          let row = a + j * n
          var g = 0.0
          for k in 0..<i { g += vector[k] * row[k] }
          g /= h
          for k in 0..<i { row[k] -= g * vector[k] }
        }
      }
      for k in 0..<i { (u[k], a[k * n + i]) = (0, 0) }
      u[i] = 1
    }
  }

  /// Applies the QL method. Its rotations of pairs of rows turn the rows of `z` into the eigenvectors.
  private static func diagonalize(
    _ z: UnsafeMutablePointer<Double>, _ n: Int, _ d: inout [Double], _ e: inout [Double]
  ) {
    guard n > 1 else { return }
    for i in 1..<n { e[i - 1] = e[i] }
    e[n - 1] = 0
    for l in 0..<n {
      // One value never needs fifty sweeps; the bound stops the loop for a matrix of NaNs.
      for _ in 0..<50 {
        var m = l
        while m < n - 1 {
          let size = abs(d[m]) + abs(d[m + 1])
          if size + abs(e[m]) == size { break }
          m += 1
        }
        if m == l { break }
        sweep(z, n, l, m, &d, &e)
      }
    }
  }

  /// Takes an implicit QL step on the block l...m.
  private static func sweep(
    _ z: UnsafeMutablePointer<Double>, _ n: Int, _ l: Int, _ m: Int, _ d: inout [Double], _ e: inout [Double]
  ) {
    var g = (d[l + 1] - d[l]) / (2 * e[l])
    var r = (g * g + 1).squareRoot()
    g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r))
    var (s, c, p) = (1.0, 1.0, 0.0)
    for i in stride(from: m - 1, through: l, by: -1) {
      let f = s * e[i]
      let b = c * e[i]
      r = (f * f + g * g).squareRoot()
      e[i + 1] = r
      if r == 0 {
        d[i + 1] -= p
        e[m] = 0
        return
      }
      s = f / r
      c = g / r
      g = d[i + 1] - p
      r = (d[i] - g) * s + 2 * c * b
      p = s * r
      d[i + 1] = g + p
      g = c * r - b
      let (lower, upper) = (z + i * n, z + (i + 1) * n)
      for k in 0..<n {
        let (x, y) = (upper[k], lower[k])
        upper[k] = s * y + c * x
        lower[k] = c * y - s * x
      }
    }
    d[l] -= p
    e[l] = g
    e[m] = 0
  }
}
