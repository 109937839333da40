internal import Compute

/// The weights of one filter of the first convolution, as an image: the pattern of normalized pixels that it responds
/// to.
package struct FilterPicture: Sendable, Equatable, Codable {
  /// The height and width.
  package let kernel: Int
  package let channels: Int
  /// (kernel, kernel, channels), row-major; of either sign.
  package let values: [Float]
}

extension Network {
  /// The filters of the first block.
  package var firstFilters: [FilterPicture] {
    let layout = plan.tensorLayouts[0]
    let (channels, kernel) = (layout.shape[1], layout.shape[2])
    let taps = kernel * kernel
    return (0..<layout.shape[0]).map { filter in
      FilterPicture(
        kernel: kernel, channels: channels,
        values: (0..<taps * channels).map { place in
          let (tap, channel) = place.quotientAndRemainder(dividingBy: channels)
          return parameters[layout.place((filter * channels + channel) * taps + tap)]
        })
    }
  }
}
