internal import Compute

/// The weights of one filter of the first convolution, as a picture: what it reacts to in normalized pixels.
package struct FilterPicture: Sendable, Equatable, Codable {
  /// Height and width.
  package let kernel: Int
  package let channels: Int
  /// (kernel, kernel, channels), row-major: positive and negative.
  package let values: [Float]
}

extension Network {
  /// One picture for each filter of the first block.
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
