internal import Compute
internal import Datasets
internal import Models

/// Removes pixels from images of one shape.
struct PixelRemoval {
  let shape: ImageShape
  /// (channels) Mean and standard deviation of the training images.
  let mean: [Float]
  let deviation: [Float]
  /// The seed of the noise and of the order of equally important pixels.
  let seed: UInt64

  /// The amplitude of the noise of ``imputed(_:removed:image:)``, in standard deviations of the training images.
  private static let noise: Float = 0.1

  init(_ network: Network, seed: UInt64) {
    shape = network.imageShape
    (mean, deviation) = (network.normalization.mean, network.normalization.deviation)
    self.seed = seed
  }

  /// Returns the pixels from the most to the least important one. Equally important pixels are in random order: in row
  /// order, a map that is zero almost everywhere would be evaluated by the content at the top of the image.
  func order(_ map: AttentionMap, image: Int) -> [Int] {
    precondition(map.height == shape.height && map.width == shape.width, "map and image differ in size")
    var pixels = Array(map.values.indices)
    var random = RandomSequence(seed: seed, .attention, 16, UInt32(truncatingIfNeeded: image))
    random.shuffle(&pixels)
    let ranked = pixels.enumerated().sorted {
      let (first, second) = (map.values[$0.element], map.values[$1.element])
      return first != second ? first > second : $0.offset < $1.offset
    }
    return ranked.map(\.element)
  }

  /// Returns the image after one step of a check.
  /// - Parameters:
  ///   - pixels: (height, width, channels)
  ///   - order: as returned by ``order(_:image:)``
  ///   - count: the number of pixels removed or inserted
  func changed(
    _ pixels: ArraySlice<UInt8>, by kind: AttentionCheck.Kind, order: [Int], count: Int, image: Int
  ) -> [UInt8] {
    var removed = [Bool](repeating: kind == .insertion, count: order.count)
    for pixel in order.prefix(count) { removed[pixel].toggle() }
    return kind == .road
      ? imputed(Array(pixels), removed: removed, image: image) : blanked(Array(pixels), removed: removed)
  }

  private func blanked(_ pixels: [UInt8], removed: [Bool]) -> [UInt8] {
    var pixels = pixels
    for pixel in removed.indices where removed[pixel] {
      for channel in 0..<shape.channels { pixels[pixel * shape.channels + channel] = Self.byte(mean[channel]) }
    }
    return pixels
  }

  private func imputed(_ pixels: [UInt8], removed: [Bool], image: Int) -> [UInt8] {
    var pixels = pixels
    for channel in 0..<shape.channels {
      let known = removed.indices.filter { !removed[$0] }
      let sum = known.reduce(0.0) { $0 + Double(pixels[$1 * shape.channels + channel]) }
      let center = known.isEmpty ? Double(mean[channel]) : sum / Double(known.count)
      let values = removed.indices.map { Double(pixels[$0 * shape.channels + channel]) - center }
      let solved = LinearImputation(height: shape.height, width: shape.width, removed: removed).fill(values)
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
