internal import Compute
internal import Datasets
internal import KernelInterface

/// A map of a row x to `RowSketches.bytes` numbers f(x) that never enlarges distances: |f(x) - f(y)| <= d(x, y).
///
/// **Euclidean, bytes.** The products of x with the vectors of a basis B, divided by a bound of B's largest singular
/// value, so that |Bx| <= |x|. What is left of x in the seminorm |x|_M^2 = |x|^2 - |Bx|^2 obeys the triangle inequality
/// as well:
///
///     d(x, y)^2 = |Bx - By|^2 + |x - y|_M^2 >= |Bx - By|^2 + (|x|_M - |y|_M)^2,
///
/// so |x|_M is one more feature. Like any feature, it may be divided among m bytes, each of them |x|_M / sqrt(m), which
/// makes its range fit. B has entries of 8 bits, so products are exact, and any B is valid; a good one covers the
/// directions in which the rows differ (``SketchBasis``).
///
/// **Manhattan, bytes.** The sums over blocks of pixels: the absolute difference of two sums is at most the sum of
/// absolute differences.
///
/// **Floats.** The components that vary most, turned by a rotation so that they have similar ranges (Euclidean only),
/// and the norm of the others.
///
/// **Cosine.** The features of x / |x|, for which |f(x) - f(y)|^2 <= 2 - 2 cos(x, y). A row of zeros has features of
/// zeros.
final class SketchFeatures {
  /// The longest row, in values, that is compared with a basis.
  static let longestRow = 32768
  /// Rows of floats with a greater norm are always compared, because sums of their squares might overflow.
  static let longestNorm = 0x1p60
  /// The most features besides the norm of the rest; a power of two, for which `mix` gives all of them similar ranges.
  private static let mostFeatures = 64

  private enum Map {
    /// The basis, (count, words) of signed bytes, and for each vector the factor of its product.
    case basis(SketchBasis)
    /// The components, and all others.
    case selection([Int], others: [Int])
  }

  /// The features of some rows.
  struct Values {
    /// (rows, RowSketches.bytes)
    var values: [Double]
    /// (rows), the norm of the row, or of the row divided by its length; not finite if the row is not.
    var norms: [Double]

    var count: Int { norms.count }
    func norm(_ row: Int) -> Double { norms[row] }
  }

  private let map: Map
  private let metric: DistanceMetric

  /// - Parameter sampleSize: the number of rows in the sample that the features are chosen by
  init(
    of rows: NeighborIndex.Rows, metric: DistanceMetric, shape: ImageShape?, sampleSize: Int,
    on context: ComputeContext
  ) {
    self.metric = metric
    switch rows {
    case .bytes(_, let length):
      map = .basis(
        metric == .manhattan
          ? SketchBasis(blocksOf: shape ?? ImageShape(height: 1, width: length, channels: 1), count: RowSketches.bytes)
          : SketchBasis(
            of: rows, count: Self.mostFeatures, isNormalized: metric == .cosine,
            sampleSize: sampleSize, on: context))
    case .floats(let values, let length):
      let variances = Self.variances(values, length, rows.evenlySpaced(sampleSize))
      let order = (0..<length).sorted { variances[$0] != variances[$1] ? variances[$0] > variances[$1] : $0 < $1 }
      map = .selection(
        order.prefix(Self.mostFeatures).sorted(), others: order.dropFirst(Self.mostFeatures).sorted())
    }
  }

  private static func variances(_ values: [Float], _ length: Int, _ sample: [Int32]) -> [Double] {
    (0..<length).map { place in
      var (sum, squares) = (0.0, 0.0)
      for row in sample {
        let value = Double(values[Int(row) * length + place])
        sum += value
        squares += value * value
      }
      let variance = squares - sum * sum / Double(sample.count)
      // Comparisons with a NaN would not order the components.
      return variance.isFinite ? variance : 0
    }
  }

  // MARK: Values

  /// Returns the features of the rows `numbers`.
  func values(of rows: NeighborIndex.Rows, _ numbers: [Int32], _ kernels: any KernelSet.Type) -> Values {
    var result = Values(
      values: [Double](repeating: 0, count: numbers.count * RowSketches.bytes),
      norms: [Double](repeating: 0, count: numbers.count))
    for first in stride(from: 0, to: numbers.count, by: 16) {
      let part = first..<min(first + 16, numbers.count)
      result.values.withUnsafeMutableBufferPointer { values in
        switch (map, rows) {
        case (.basis(let basis), .bytes(let bytes, let length)):
          let products = basis.products(bytes, length, numbers[part], kernels)
          bytes.withUnsafeBufferPointer { bytes in
            for row in part {
              let sums = RowSums(bytes.baseAddress! + Int(numbers[row]) * length, length)
              for feature in 0..<basis.count {
                values[row * RowSketches.bytes + feature] =
                  products.pointer[feature * 16 + row - first] * basis.factors[feature]
              }
              result.norms[row] = metric == .manhattan ? Double(sums.sum) : Double(sums.squares).squareRoot()
              finish(values.baseAddress! + row * RowSketches.bytes, basis.count, rest: nil, norm: &result.norms[row])
            }
          }
        case (.selection(let selected, let others), .floats(let floats, let length)):
          for row in part {
            let start = Int(numbers[row]) * length
            let target = values.baseAddress! + row * RowSketches.bytes
            for (feature, place) in selected.enumerated() { target[feature] = Double(floats[start + place]) }
            let own = norm(selected, floats, start)
            let rest = norm(others, floats, start)
            result.norms[row] = metric == .manhattan ? own + rest : (own * own + rest * rest).squareRoot()
            if metric != .manhattan { SketchBasis.mix(target, count: selected.count, length: 1) }
            finish(target, selected.count, rest: rest, norm: &result.norms[row])
          }
        default: preconditionFailure("queries have the type of the training rows")
        }
      }
    }
    return result
  }

  /// Returns the norm of some components of a row.
  private func norm(_ places: [Int], _ values: [Float], _ start: Int) -> Double {
    var sum = 0.0
    for place in places {
      let value = Double(values[start + place])
      sum += metric == .manhattan ? abs(value) : value * value
    }
    return metric == .manhattan ? sum : sum.squareRoot()
  }

  /// Appends the norm of the rest to the features of a row, and divides them by the row's norm for cosine.
  ///
  /// - Parameter rest: nil to compute it from the norm of the row
  private func finish(_ values: UnsafeMutablePointer<Double>, _ count: Int, rest: Double?, norm: inout Double) {
    let free = RowSketches.bytes - count
    if free > 0, metric == .manhattan {
      for place in count..<RowSketches.bytes { values[place] = (rest ?? 0) / Double(free) }
    } else if free > 0 {
      let projected = (0..<count).reduce(0) { $0 + values[$1] * values[$1] }
      let left = rest ?? max(0, norm * norm - projected).squareRoot()
      for place in count..<RowSketches.bytes { values[place] = left / Double(free).squareRoot() }
    }
    if metric == .cosine && norm > 0 {
      for place in 0..<RowSketches.bytes { values[place] /= norm }
      norm = norm < Self.longestNorm ? 1 : .infinity
    }
  }
}
