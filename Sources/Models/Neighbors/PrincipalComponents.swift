package import Compute
package import Datasets
internal import KernelInterface
package import Progress

/// A projection of images onto their directions of largest variance, with a scale for each direction.
package struct PrincipalComponents: Sendable, Equatable {
  /// (pixels)
  package let mean: [Float]
  /// (components, pixels), each direction multiplied by its scale.
  package let directions: [Float]
  /// (components), before scaling, descending.
  package let variances: [Double]

  package var count: Int { variances.count }

  init(mean: [Float], directions: [Float], variances: [Double]) {
    (self.mean, self.directions, self.variances) = (mean, directions, variances)
  }

  /// Computes the principal components of images.
  ///
  /// - Parameters:
  ///   - images: at least one
  ///   - components: at most the number of bytes in an image
  ///   - whitening: the exponent P of the scale variance^(-P/2)
  package init(of images: LabeledImages, components: Int, whitening: Double, on context: ComputeContext) {
    self.init(Analysis(of: images, on: context) { _ in }, components: components, whitening: whitening)
  }

  /// The eigenvectors of the covariance of images, from which any number of components with any whitening is taken.
  package struct Analysis: Sendable {
    fileprivate let mean: [Float]
    fileprivate let eigen: SymmetricEigen

    /// - Parameters:
    ///   - images: at least one
    ///   - progress: called with the number of pixels whose covariances are done; throws to stop
    package init(
      of images: LabeledImages, on context: ComputeContext, progress: (FitProgress) throws -> Void
    ) rethrows {
      let covariance = try PixelCovariance(of: images, on: context, progress: progress)
      mean = covariance.sums.map { Float(Double($0) / Double(images.count)) }
      eigen = SymmetricEigen(covariance.matrix, size: images.shape.count)
    }
  }

  /// Takes the components of largest variance from an analysis.
  ///
  /// - Parameters:
  ///   - components: at most the number of bytes in an image
  ///   - whitening: the exponent P of the scale variance^(-P/2)
  package init(_ analysis: Analysis, components: Int, whitening: Double) {
    mean = analysis.mean
    let pixels = mean.count
    let variances = analysis.eigen.values.prefix(components).map { max($0, 0) }
    self.variances = variances
    directions = variances.indices.flatMap { component -> [Float] in
      let scale = Self.scale(variances[component], whitening: whitening)
      return (0..<pixels).map { Float(analysis.eigen.vectors[component * pixels + $0] * scale) }
    }
  }

  /// Returns the first components, those of largest variance.
  package func prefix(_ components: Int) -> PrincipalComponents {
    PrincipalComponents(
      mean: mean, directions: Array(directions.prefix(components * mean.count)),
      variances: Array(variances.prefix(components)))
  }

  /// Returns variance^(-whitening/2), or 0 for a direction without variance.
  private static func scale(_ variance: Double, whitening: Double) -> Double {
    guard variance > 1e-9 else { return 0 }
    // The exponent is from 0 to 1; its binary digits select the factors among repeated square roots. libm's power
    // differs between systems, square roots do not.
    var exponent = whitening / 2
    var (power, root) = (1.0, variance)
    for _ in 0..<40 {
      if exponent >= 1 {
        power *= root
        exponent -= 1
      }
      root = root.squareRoot()
      exponent *= 2
    }
    return 1 / power
  }

  /// Returns the projected images: (images, count), row-major.
  package func project(_ images: LabeledImages, on context: ComputeContext) -> [Float] {
    let pixels = images.shape.count
    let padded = (count + 15) / 16 * 16
    let transposed = AlignedBuffer<Float>(count: pixels * padded)
    for component in 0..<count {
      for pixel in 0..<pixels {
        transposed.pointer[pixel * padded + component] = directions[component * pixels + pixel]
      }
    }
    var projected = [Float](repeating: 0, count: images.count * count)
    let block = 48
    projected.withUnsafeMutableBufferPointer { projected in
      let target = projected.baseAddress!
      context.team.forEach((images.count + block - 1) / block) { index, _ in
        let first = index * block
        let size = min(block, images.count - first)
        let centered = AlignedBuffer<Float>(count: size * pixels)
        let result = AlignedBuffer<Float>(count: size * padded)
        for image in 0..<size {
          for pixel in 0..<pixels {
            centered.pointer[image * pixels + pixel] =
              Float(images.pixels[(first + image) * pixels + pixel]) - mean[pixel]
          }
        }
        context.kernels.multiplyMatrices(
          m: size, n: padded, k: pixels, a: centered.pointer, aRow: pixels, aColumn: 1, b: transposed.pointer,
          bRow: padded, c: result.pointer, cRow: padded, accumulate: false)
        for image in 0..<size {
          (target + (first + image) * count).update(from: result.pointer + image * padded, count: count)
        }
      }
    }
    return projected
  }
}
