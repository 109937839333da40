internal import Compute
package import Datasets
internal import KernelInterface

/// The normalization of input bytes to mean 0 and standard deviation 1.
package struct InputNormalization: Sendable, Equatable {
  /// (channels), the mean of the training images' bytes.
  package let mean: [Float]
  /// (channels), the standard deviation of the training images' bytes.
  package let deviation: [Float]

  package init(mean: [Float], deviation: [Float]) { (self.mean, self.deviation) = (mean, deviation) }

  /// Measures images. The deviation of a constant channel is set to 1.
  ///
  /// - Parameter selected: the images to measure; nil for all
  package init(measuring images: LabeledImages, selected: [Int]? = nil) {
    let statistics = ChannelStatistics(images, selected: selected)
    mean = statistics.mean.map { Float($0) }
    deviation = statistics.deviation.map { $0 > 0 ? Float($0) : 1 }
  }

  /// [channel][256], the normalized value of every byte.
  var table: [Float] {
    zip(mean, deviation).flatMap { mean, deviation in (0..<256).map { (Float($0) - mean) / deviation } }
  }
}

extension NetworkPlan {
  /// Writes the patches of one image, which the first convolution reads: channel (c, ky, kx) of pixel (y, x) is the
  /// normalized pixel (y + ky, x + kx, c) of the image with its border. The border is zero, the mean. Without
  /// convolutions, the first dense layer reads the normalized pixels: (channels, height, width).
  ///
  /// - Parameters:
  ///   - pixels: (height, width, channels)
  ///   - table: ``InputNormalization/table``
  ///   - normalized: (channels, height with border, width with border), overwritten except for the border, which is
  ///     zero
  ///   - patches: [block][row][column][16], overwritten except for channels that do not exist
  func writePatches(
    pixels: UnsafePointer<UInt8>, table: UnsafePointer<Float>, normalized: UnsafeMutablePointer<Float>,
    patches: UnsafeMutablePointer<Float>
  ) {
    let (borderedHeight, borderedWidth) = (input.height + 2 * patchBorder, input.width + 2 * patchBorder)
    for channel in 0..<input.channels {
      for y in 0..<input.height {
        let row = normalized + (channel * borderedHeight + y + patchBorder) * borderedWidth + patchBorder
        for x in 0..<input.width {
          row[x] = table[channel * 256 + Int(pixels[(y * input.width + x) * input.channels + channel])]
        }
      }
    }
    guard let shape = blocks.first?.shape else {
      patches.update(from: normalized, count: input.count)
      return
    }
    // Pixel after pixel, because all channels of a pixel are in one cache line.
    let plane = borderedHeight * borderedWidth
    for y in 0..<shape.inputHeight {
      for x in 0..<shape.inputWidth {
        let corner = normalized + y * borderedWidth + x
        let target = patches + (y * shape.inputWidth + x) * 16
        var patchChannel = 0
        for channel in 0..<input.channels {
          for ky in 0..<patchKernel {
            for kx in 0..<patchKernel {
              target[(patchChannel >> 4) * shape.planeCount + (patchChannel & 15)] =
                corner[channel * plane + ky * borderedWidth + kx]
              patchChannel += 1
            }
          }
        }
      }
    }
  }
}
