internal import KernelInterface

extension SIMDKernels {
  package static func sumChannels(
    images: Int, rows: Int, stride: Int, values: UnsafePointer<Float>, center: UnsafePointer<Float>, squared: Bool,
    sums: UnsafeMutablePointer<Float>
  ) {
    let center = center.lanes(at: 0)
    var total = Lanes()
    for image in 0..<images {
      var sum = Lanes()
      for row in 0..<rows {
        let value = values.lanes(at: image * stride + row * 16) - center
        sum = squared ? sum.addingProduct(value, value) : sum + value
      }
      total += sum
    }
    sums.store(total, at: 0)
  }

  package static func scaleShiftAndRectify(
    height: Int, width: Int, values: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>, resultRow: Int
  ) {
    let (scale, shift) = (scale.lanes(at: 0), shift.lanes(at: 0))
    for y in 0..<height {
      for x in 0..<width {
        let value = shift.addingProduct(values.lanes(at: (y * width + x) * 16), scale)
        result.store(rectified(value), at: y * resultRow + x * 16)
      }
    }
  }

  package static func rectifierGradient(
    height: Int, width: Int, row: Int, activation: UnsafePointer<Float>, upstream: UnsafePointer<Float>,
    values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
  ) {
    let (mean, deviationInverse) = (mean.lanes(at: 0), deviationInverse.lanes(at: 0))
    var (sum, product) = (sums.lanes(at: 0), products.lanes(at: 0))
    for y in 0..<height {
      for x in 0..<width {
        let place = (y * width + x) * 16
        let passed = masked(upstream.lanes(at: y * row + x * 16), by: activation.lanes(at: y * row + x * 16))
        let normalized = (values.lanes(at: place) - mean) * deviationInverse
        sum += passed
        product = product.addingProduct(passed, normalized)
        gradient.store(passed, at: place)
      }
    }
    sums.store(sum, at: 0)
    products.store(product, at: 0)
  }

  package static func normalizationGradient(
    rows: Int, values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    factor: UnsafePointer<Float>, meanGradient: UnsafePointer<Float>, meanProduct: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    let (mean, deviationInverse, factor) = (mean.lanes(at: 0), deviationInverse.lanes(at: 0), factor.lanes(at: 0))
    let (meanGradient, meanProduct) = (meanGradient.lanes(at: 0), meanProduct.lanes(at: 0))
    for row in 0..<rows {
      let normalized = (values.lanes(at: row * 16) - mean) * deviationInverse
      let centered = gradient.lanes(at: row * 16) - meanGradient
      gradient.store(factor * (centered - normalized * meanProduct), at: row * 16)
    }
  }

  package static func rectify(count: Int, values: UnsafeMutablePointer<Float>) {
    for place in stride(from: 0, to: count, by: 16) { values.store(rectified(values.lanes(at: place)), at: place) }
  }

  package static func maskByActivation(
    count: Int, activation: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
  ) {
    for place in stride(from: 0, to: count, by: 16) {
      gradient.store(masked(gradient.lanes(at: place), by: activation.lanes(at: place)), at: place)
    }
  }

  /// Returns max(0, value). A NaN stays a NaN, so that diverged training is noticed.
  @inline(__always)
  private static func rectified(_ value: Lanes) -> Lanes { value.replacing(with: 0, where: value .< 0) }

  @inline(__always)
  private static func masked(_ gradient: Lanes, by activation: Lanes) -> Lanes {
    Lanes().replacing(with: gradient, where: activation .> 0)
  }
}
