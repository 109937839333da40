internal import Datasets
internal import Evaluation
internal import Models

extension NetworkChapter {
  /// The image, its map and the overlays, in rows of three.
  func sheet(_ example: NetworkExplanation.Example, side: Int) -> Picture {
    let image = gallery.picture(example.example)
    func over(_ map: AttentionMap) -> Picture { overlay(map, over: image).thumbnail(side) }
    let first = [image.thumbnail(side), cells(example.maps[0]).thumbnail(side)]
    return Picture.sheet(first + example.maps.map(over) + (example.rivalMap.map { [over($0)] } ?? []), columns: 3)
  }

  /// The map at its own resolution.
  private func cells(_ map: AttentionMap) -> Picture {
    Picture(values: map.normalized.values.map(Double.init), height: map.height, width: map.width, range: 0...1)
  }

  private func overlay(_ map: AttentionMap, over image: Picture) -> Picture {
    image.overlaid(with: cells(map.normalized.resized(height: image.height, width: image.width)), opacity: 0.6)
  }

  // MARK: Mean maps

  /// The mean attention map of each class; nil without test images.
  var means: HTMLSection? {
    let figures = explanation.meanMaps.indices.prefix(ExampleGallery.maxClasses).compactMap(mean)
    guard !figures.isEmpty else { return nil }
    let shown = explanation.meanMaps.count { $0 != nil }
    let rest = shown - figures.count
    return HTMLSection(
      gallery.identifier("means"), title: "Mean attention map of each class",
      [
        .paragraph(
          HTMLText(
            """
            Left: the mean of randomly sampled test images of the class. Right: the mean of their Grad-CAM maps, over \
            it.
            """
              + (rest > 0 ? " \(rest) more classes are left out." : ""))), .gallery(figures),
      ])
  }

  private func mean(_ label: Int) -> HTMLFigure? {
    guard let map = explanation.meanMaps[label], let mean = explanation.meanImages[label] else { return nil }
    let image = Picture(mean.values.map { UInt8(max(0, min(255, $0.rounded()))) }, shape: mean.shape)
    let count = explanation.meanCounts[label]
    return HTMLFigure(
      gallery.identifier("mean \(label)"),
      Picture.sheet([image, overlay(map, over: image)].map { $0.thumbnail(84) }, columns: 2),
      alternative: "Mean image and mean attention map of class \(names[label])",
      caption: HTMLText("\(names[label]): \(count) \(count == 1 ? "image" : "images")."))
  }

  // MARK: Filters

  private static let maxFilters = 128

  /// The filters of the first convolution.
  var filters: HTMLSection? {
    let filters = explanation.filters.prefix(Self.maxFilters)
    guard let kernel = filters.first?.kernel, let channels = filters.first?.channels else { return nil }
    let highest = filters.reduce(Float(1e-9)) { $1.values.reduce($0) { max($0, abs($1)) } }
    let pictures = filters.map { filter in
      picture(filter, highest: highest).scaled(toward: 30)
    }
    let all = explanation.filters.count
    let count = filters.count < all ? "The first \(filters.count) of \(all)" : "The \(all)"
    let scale = ColorScale(
      Axis("weight", range: Double(-highest)...Double(highest)), map: .diverging)
    let meaning =
      channels == 1
      ? "Red is a positive weight, blue a negative one."
      : "Gray is a weight of zero; the deviation from gray shows the weights of red, green and blue."
    return HTMLSection(
      gallery.identifier("filters"), title: "Filters of the first layer",
      [
        .figure(
          HTMLFigure(
            gallery.identifier("filters"), Picture.sheet(pictures, columns: 16),
            alternative: "\(count) filters as pictures",
            caption: HTMLText(
              "\(count) filters of \(kernel)x\(kernel) pixels, on one common scale. \(meaning)"),
            scale: channels == 1 ? scale : nil))
      ])
  }

  private func picture(_ filter: FilterPicture, highest: Float) -> Picture {
    let (side, channels) = (filter.kernel, filter.channels)
    if channels == 3 {
      let bytes = filter.values.map { UInt8(max(0, min(255, (127.5 + 127.5 * $0 / highest).rounded()))) }
      return Picture(height: side, width: side, pixels: bytes)
    }
    return Picture(
      values: filter.values.map(Double.init), height: side, width: side, map: .diverging,
      range: Double(-highest)...Double(highest))
  }
}
