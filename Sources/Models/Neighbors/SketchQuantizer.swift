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

  /// Chooses the range of bytes for the features of a sample of the rows, with a margin. Returns nil if all rows have the
  /// same features, or some are not finite.
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
    let step = 1.1 / 255 * (0..<bytes).reduce(0) { max($0, greatest[$1] - least[$1]) }
    lows = (0..<bytes).map { (least[$0] + greatest[$0]) / 2 - 127.5 * step }
    magnitude = lows.reduce(0) { max($0, abs($1)) } + 255 * step
    self.step = step
    guard step > 0, magnitude / step < 0x1p40 else { return nil }
    rowError = 1.25 * (0..<sample.count).reduce(0) { max($0, sketch(sample, $1).error) }
  }

  /// The sketch of a row.
  struct Sketch {
    var bytes = SIMD64<UInt8>()
    /// The sum of the bytes, and of their squares.
    var (sum, squares) = (0, 0)
    /// An upper bound of the norm of the errors, in units of the step.
    var error = 0.0
  }

  /// Returns the sketch of a row of features.
  ///
  /// The features have a rounding error of less than 2^-22 of the norm of the row (the one that is left of the norm after
  /// a subtraction has the largest), and the differences of one of less than 2^-50 of the numbers subtracted. The bound
  /// adds 2^-20 of both.
  func sketch(_ values: SketchFeatures.Values, _ row: Int) -> Sketch {
    var sketch = Sketch()
    let norm = values.norm(row)
    guard norm.isFinite else {
      sketch.error = .infinity
      return sketch
    }
    var error = 0.0
    let inverseStep = 1 / step
    for place in 0..<RowSketches.bytes {
      let value = values.values[row * RowSketches.bytes + place]
      // Truncated below: a library call would round.
      let byte = Double(Int32(min(max((value - lows[place]) * inverseStep + 0.5, 0), 255)))
      let difference = value - (lows[place] + step * byte)
      error += comparison == .products ? difference * difference : abs(difference)
      sketch.bytes[place] = UInt8(byte)
      sketch.sum += Int(byte)
      sketch.squares += Int(byte) * Int(byte)
    }
    if comparison == .products { error = error.squareRoot() }
    sketch.error = (error * (1 + 0x1p-20) + 0x1p-20 * (norm + magnitude)) / step
    return sketch
  }
}
