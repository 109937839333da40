internal import Compute
internal import Datasets
internal import Models

/// Takes pixels out of images of one shape.
struct PixelRemoval {
  let shape: ImageShape
  /// (channels): mean and standard deviation of the training images.
  let mean: [Float]
  let deviation: [Float]
  /// Of the noise and of the order of pixels that matter the same.
  let seed: UInt64

  /// The noise of ``imputed(_:removed:image:)``, in standard deviations of the training images.
  private static let noise: Float = 0.1

  init(_ network: Network, seed: UInt64) {
    shape = network.imageShape
    (mean, deviation) = (network.normalization.mean, network.normalization.deviation)
    self.seed = seed
  }

  /// The pixels from the one that matters most to the one that matters least. Those that matter the same are in random order: in the
  /// order of rows, a map that is zero nearly everywhere would be judged by what is at the top of the image.
  func order(_ map: AttentionMap, image: Int) -> [Int] {
    precondition(map.height == shape.height && map.width == shape.width, "the map has another size than the image")
    var pixels = Array(map.values.indices)
    var draws = RandomSequence(seed: seed, .attention, 16, UInt32(truncatingIfNeeded: image))
    draws.shuffle(&pixels)
    let ranked = pixels.enumerated().sorted {
      let (first, second) = (map.values[$0.element], map.values[$1.element])
      return first != second ? first > second : $0.offset < $1.offset
    }
    return ranked.map(\.element)
  }

  /// The image after one step of a check.
  /// - Parameters:
  ///   - pixels: (height, width, channels)
  ///   - order: of ``order(_:image:)``
  ///   - count: how many pixels are removed, or inserted.
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

  /// Nearly normal, with mean 0 and variance 1: the sum of four uniform draws. It needs no logarithm, and so has the same bits everywhere.
  private func noise(channel: Int, image: Int, pixel: Int) -> Float {
    let words = Philox.words(
      seed: seed, .attention, UInt32(1 + channel), UInt32(truncatingIfNeeded: image), UInt32(pixel))
    let sum = Philox.uniform(words.x) + Philox.uniform(words.y) + Philox.uniform(words.z) + Philox.uniform(words.w)
    return (sum - 2) * Float(3).squareRoot()
  }

  private static func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255).rounded()) }
}
