extension Dataset {
  /// Returns the data set with images of the size and color that the options define. Images that the reader has already
  /// converted are not changed.
  func converted(_ options: DatasetOptions) throws(DatasetError) -> Dataset {
    guard conversion == nil else { return self }
    let source = options.isTransposed ? with(train: train.transposed, test: test.transposed) : self
    var conversion = options.conversion
    let size = conversion.size ?? source.shape.size
    let isColor = conversion.color == .auto ? shape.channels == 3 : conversion.color == .rgb
    (conversion.size, conversion.color) = (size, isColor ? .rgb : .gray)
    let target = ImageShape(height: size.height, width: size.width, channels: isColor ? 3 : 1)
    try DatasetLimits.checkMemory(max(train.count, test.count) * target.count, name)
    var converted =
      source.shape == target
      ? source : source.with(train: source.train.converted(conversion), test: source.test.converted(conversion))
    converted.conversion = conversion
    converted.details.sizes = StoredSizes([source.shape.size: train.count + test.count], convertedTo: size)
    return converted
  }

  /// Adds a note if the images are those of EMNIST, as stored.
  /// - Parameter file: the name of a file, or its beginning
  mutating func noteTransposition(in file: String, _ options: DatasetOptions) {
    guard file.lowercased().hasPrefix("emnist"), !options.isTransposed else { return }
    notes.append("the images of EMNIST are stored with rows and columns exchanged, and are used as stored")
  }
}

extension LabeledImages {
  /// The images with rows and columns exchanged.
  var transposed: LabeledImages {
    let target = ImageShape(height: shape.width, width: shape.height, channels: shape.channels)
    return mapped(to: target) { EXIFOrientation(5).upright($0) }
  }

  /// - Parameter conversion: with a size, and a color that is not `.auto`
  fileprivate func converted(_ conversion: ImageConversion) -> LabeledImages {
    mapped(to: conversion.shape!) { conversion.image($0) }
  }

  private func mapped(to target: ImageShape, _ change: (RasterImage) -> RasterImage) -> LabeledImages {
    var changed: [UInt8] = []
    changed.reserveCapacity(count * target.count)
    for index in 0..<count {
      changed += change(RasterImage(shape: shape, pixels: Array(pixels(of: index)))).pixels
    }
    return LabeledImages(shape: target, pixels: changed, labels: labels)
  }
}
