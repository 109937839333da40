/// The height, width and channels of an image.
package struct ImageShape: Hashable, Sendable, Codable {
  package var height: Int
  package var width: Int
  /// 1 for gray, 3 for color.
  package var channels: Int

  package init(height: Int, width: Int, channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }

  /// The number of bytes in one image.
  package var count: Int { height * width * channels }

  package var size: ImageSize { ImageSize(height: height, width: width) }
}

extension ImageShape: CustomStringConvertible {
  package var description: String { channels == 1 ? "\(height)x\(width)" : "\(height)x\(width)x\(channels)" }
}

/// Images of one shape with their labels.
package struct LabeledImages: Sendable, Equatable {
  package let shape: ImageShape
  /// (count, height, width, channels), row-major.
  package let pixels: [UInt8]
  /// (count), each less than the number of classes.
  package let labels: [UInt8]

  package init(shape: ImageShape, pixels: [UInt8], labels: [UInt8]) {
    precondition(pixels.count == labels.count * shape.count, "pixels and labels differ in number")
    (self.shape, self.pixels, self.labels) = (shape, pixels, labels)
  }

  package var count: Int { labels.count }

  /// The bytes of one image: (height, width, channels).
  package func pixels(of index: Int) -> ArraySlice<UInt8> { pixels[index * shape.count..<(index + 1) * shape.count] }

  /// Returns the images at `indices`, in that order; indices may repeat.
  package func selecting(_ indices: [Int]) -> LabeledImages {
    var selected: [UInt8] = []
    selected.reserveCapacity(indices.count * shape.count)
    for index in indices { selected += pixels[index * shape.count..<(index + 1) * shape.count] }
    return LabeledImages(shape: shape, pixels: selected, labels: indices.map { labels[$0] })
  }

  /// Returns these images followed by those of another set, of the same shape.
  package func appending(_ other: LabeledImages) -> LabeledImages {
    LabeledImages(shape: shape, pixels: pixels + other.pixels, labels: labels + other.labels)
  }

  /// Returns the first `count` images, or all if there are fewer.
  package func prefix(_ count: Int) -> LabeledImages {
    let kept = min(count, self.count)
    return LabeledImages(
      shape: shape, pixels: Array(pixels.prefix(kept * shape.count)), labels: Array(labels.prefix(kept)))
  }
}

/// A data set: training and test images of one shape, and the names of their classes.
package struct Dataset: Sendable {
  package let name: String
  /// The class names by label. Every label is less than their count.
  package let classNames: [String]
  /// Empty only if the data set was read for an evaluation (``DatasetOptions/isForEvaluation``).
  package let train: LabeledImages
  package let test: LabeledImages
  /// Sentences about the reading of the files that a user should know.
  package var notes: [String]
  /// How the images were converted, with the color and size that were chosen: the rule for images to classify. nil:
  /// they are as stored.
  package var conversion: ImageConversion?
  /// Why image files were skipped, in the order of the files; see ``DatasetOptions/skipsDamaged``.
  package var damaged: [DatasetError] = []
  /// What the reader found.
  package var details = DatasetDetails()

  package init(
    name: String, classNames: [String], train: LabeledImages, test: LabeledImages, notes: [String] = []
  ) {
    precondition(train.shape == test.shape, "training and test images differ in shape")
    (self.name, self.classNames, self.train, self.test, self.notes) = (name, classNames, train, test, notes)
  }

  package var shape: ImageShape { train.shape }
  package var classCount: Int { classNames.count }

  /// Returns this data set with other images or names, and the same notes.
  func with(
    name: String? = nil, classNames: [String]? = nil, train: LabeledImages? = nil, test: LabeledImages? = nil
  ) -> Dataset {
    var changed = Dataset(
      name: name ?? self.name, classNames: classNames ?? self.classNames, train: train ?? self.train,
      test: test ?? self.test, notes: notes)
    (changed.conversion, changed.damaged, changed.details) = (conversion, damaged, details)
    return changed
  }
}
