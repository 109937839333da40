internal import Compute
internal import Datasets
internal import Models

/// Removes pixels from images.
struct PixelRemoval {
  let images: LabeledImages
  /// (channels) Mean and standard deviation of the training images.
  let mean: [Float]
  let deviation: [Float]
  /// The seed of the noise and of the order of equally important pixels.
  let seed: UInt64

  private var shape: ImageShape { images.shape }

  /// The amplitude of the noise of ``imputed(_:removed:)``, in standard deviations of the training images.
  private static let noise: Float = 0.1

  init(_ network: Network, images: LabeledImages, seed: UInt64) {
    (mean, deviation) = (network.normalization.mean, network.normalization.deviation)
    (self.images, self.seed) = (images, seed)
  }

  /// Returns the pixels from the most to the least important one. Equally important pixels are in random order: in row
  /// order, a map that is zero almost everywhere would be evaluated by the content at the top of the image.
  func order(_ map: AttentionMap, image: Int) -> [Int] {
    precondition(map.height == shape.height && map.width == shape.width, "map and image differ in size")
    var pixels = Array(map.values.indices)
    var random = RandomSequence(seed: seed, .attention, 16, UInt32(truncatingIfNeeded: image))
    random.shuffle(&pixels)
    return AttentionMap.places(of: pixels.map { map.values[$0] }, .descending).map { pixels[$0] }
  }

  /// Returns the bytes of an image after one step of a check: (height, width, channels).
  /// - Parameters:
  ///   - order: as returned by ``order(_:image:)``
  ///   - count: the number of pixels removed or inserted
  func changed(_ image: Int, by kind: AttentionCheck.Kind, order: [Int], count: Int) -> [UInt8] {
    var removed = [Bool](repeating: kind == .insertion, count: order.count)
    for pixel in order.prefix(count) { removed[pixel].toggle() }
    let pixels = Array(images.pixels(of: image))
    return kind == .road ? imputed(pixels, removed: removed, image: image) : blanked(pixels, removed: removed)
  }

  private func blanked(_ pixels: [UInt8], removed: [Bool]) -> [UInt8] {
    var pixels = pixels
    let blank = mean.map(Self.byte)
    for pixel in removed.indices where removed[pixel] {
      for channel in 0..<shape.channels { pixels[pixel * shape.channels + channel] = blank[channel] }
    }
    return pixels
  }

  private func imputed(_ pixels: [UInt8], removed: [Bool], image: Int) -> [UInt8] {
    var pixels = pixels
    let imputation = LinearImputation(height: shape.height, width: shape.width, removed: removed)
    for channel in 0..<shape.channels {
      var (sum, known) = (0.0, 0)
      for pixel in removed.indices where !removed[pixel] {
        sum += Double(pixels[pixel * shape.channels + channel])
        known += 1
      }
      let center = known == 0 ? Double(mean[channel]) : sum / Double(known)
      let solved = imputation.fill(removed.indices.map { Double(pixels[$0 * shape.channels + channel]) - center })
      for pixel in removed.indices where removed[pixel] {
        let noise = Self.noise * deviation[channel] * noise(channel: channel, image: image, pixel: pixel)
        pixels[pixel * shape.channels + channel] = Self.byte(Float(solved[pixel] + center) + noise)
      }
    }
    return pixels
  }

  /// Approximately normal noise with mean 0 and variance 1: the sum of four uniform variables. It needs no logarithm,
  /// so it has the same bits on every machine.
  private func noise(channel: Int, image: Int, pixel: Int) -> Float {
    let words = Philox.words(
      seed: seed, .attention, UInt32(1 + channel), UInt32(truncatingIfNeeded: image), UInt32(pixel))
    let sum = Philox.uniform(words.x) + Philox.uniform(words.y) + Philox.uniform(words.z) + Philox.uniform(words.w)
    return (sum - 2) * Float(3).squareRoot()
  }

  private static func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255).rounded()) }
}
