internal import Compute
internal import KernelInterface

/// The rounding of features to bytes: feature = low + step * byte + error.
struct SketchQuantizer {
  /// (RowSketches.bytes), the features that become 0.
  private let lows: [Double]
  let step: Double
  /// An upper bound of the magnitude of a feature that is a byte.
  private let magnitude: Double
  private let comparison: Comparison
  /// The error of most rows is at most this, in units of the step.
  private(set) var rowError = 0.0

  /// Chooses the range of bytes for the features of a sample of the rows, with a margin. Returns nil if all rows have
  /// the same features, or some are not finite.
  init?(_ sample: SketchFeatures.Values, _ comparison: Comparison) {
    self.comparison = comparison
    let bytes = RowSketches.bytes
    var (least, greatest) = (
      [Double](repeating: .infinity, count: bytes), [Double](repeating: -.infinity, count: bytes)
    )
    for row in 0..<sample.count {
      guard sample.norm(row).isFinite else { return nil }
      for place in 0..<bytes {
        let value = sample.values[row * bytes + place]
        (least[place], greatest[place]) = (min(least[place], value), max(greatest[place], value))
      }
    }
    let step = 1.05 / 255 * (0..<bytes).reduce(0) { max($0, greatest[$1] - least[$1]) }
    lows = (0..<bytes).map { (least[$0] + greatest[$0]) / 2 - 127.5 * step }
    magnitude = lows.reduce(0) { max($0, abs($1)) } + 255 * step
    self.step = step
    guard step > 0, magnitude / step < 0x1p40 else { return nil }
    let target = AlignedBuffer<UInt8>(count: bytes)
    rowError = 1.04 * (0..<sample.count).reduce(0) { max($0, sketch(sample, $1, target.pointer).error) }
  }

  /// The sketch of a row.
  struct Sketch {
    /// The sum of the bytes, and of their squares.
    var (sum, squares) = (0, 0)
    /// An upper bound of the norm of the errors, in units of the step.
    var error = 0.0
  }

  /// Writes the sketch of a row of features to `target`: (RowSketches.bytes).
  ///
  /// The features have a rounding error of less than 2^-22 of the norm of the row (the one that is left of the norm
  /// after a subtraction has the largest), and the differences of one of less than 2^-50 of the numbers subtracted. The
  /// bound adds 2^-20 of both.
  func sketch(_ values: SketchFeatures.Values, _ row: Int, _ target: UnsafeMutablePointer<UInt8>) -> Sketch {
    var sketch = Sketch()
    let norm = values.norm(row)
    guard norm < SketchFeatures.longestNorm else {
      target.update(repeating: 0, count: RowSketches.bytes)
      sketch.error = .infinity
      return sketch
    }
    let inverseStep = 1 / step
    var (sum, squares) = (Int32(0), Int32(0))
    var errors = SIMD2<Double>()
    values.values.withUnsafeBufferPointer { values in
      lows.withUnsafeBufferPointer { lows in
        for place in stride(from: 0, to: RowSketches.bytes, by: 2) {
          let first = row * RowSketches.bytes + place
          let value = SIMD2(values[first], values[first + 1])
          let low = SIMD2(lows[place], lows[place + 1])
          // Truncated, because rounding is a call of a library.
          let level = (value - low) * inverseStep + 0.5
          let (a, b) = (Int32(min(max(level[0], 0), 255)), Int32(min(max(level[1], 0), 255)))
          let difference = value - (low + step * SIMD2(Double(a), Double(b)))
          errors += comparison == .products ? difference * difference : SIMD2(abs(difference[0]), abs(difference[1]))
          (target[place], target[place + 1]) = (UInt8(truncatingIfNeeded: a), UInt8(truncatingIfNeeded: b))
          sum &+= a &+ b
          squares &+= a &* a &+ b &* b
        }
      }
    }
    (sketch.sum, sketch.squares) = (Int(sum), Int(squares))
    var error = errors[0] + errors[1]
    if comparison == .products { error = error.squareRoot() }
    sketch.error = (error * (1 + 0x1p-20) + 0x1p-20 * (norm + magnitude)) / step
    return sketch
  }

  /// Returns the fraction of pairs of a row and a query whose sketches are within the radius of the query.
  func fraction(
    of rows: SketchFeatures.Values, within radii: [Double], of queries: SketchFeatures.Values
  ) -> Double {
    let target = AlignedBuffer<UInt8>(count: RowSketches.bytes)
    let other = AlignedBuffer<UInt8>(count: RowSketches.bytes)
    var within = 0
    for row in 0..<rows.count {
      let error = sketch(rows, row, target.pointer).error
      for query in 0..<queries.count {
        let radius = radii[query] / step + sketch(queries, query, other.pointer).error + error
        let sum = (0..<RowSketches.bytes).reduce(0) { sum, place in
          let difference = Int(target.pointer[place]) - Int(other.pointer[place])
          return sum + (comparison == .products ? difference * difference : abs(difference))
        }
        if Double(sum) <= (comparison == .products ? radius * radius : radius) { within += 1 }
      }
    }
    return Double(within) / Double(max(1, rows.count * queries.count))
  }
}
