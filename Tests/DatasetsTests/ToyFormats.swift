import Datasets

/// A format of images: `TOY`, the height, the width, then gray pixels.
struct ToyDecoder: ImageDecoder {
  let name = "toy"
  let endings = ["toy", "ty"]

  static func file(_ image: RasterImage) -> [UInt8] {
    Array("TOY".utf8) + [UInt8(image.shape.height), UInt8(image.shape.width)] + image.pixels
  }

  func recognizes(_ file: [UInt8]) -> Bool { file.starts(with: Array("TOY".utf8)) }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    guard file.count >= 5 else { throw .damaged(path: path, reason: "is a truncated toy image") }
    let shape = ImageShape(height: Int(file[3]), width: Int(file[4]), channels: 1)
    try DatasetLimits.check(shape, path)
    guard file.count == 5 + shape.count else { throw .damaged(path: path, reason: "is a damaged toy image") }
    return DecodedImage(RasterImage(shape: shape, pixels: Array(file[5...])))
  }
}

/// A format of data sets: a file that begins with `toys:`, then a label and a pixel for each training image. The test
/// images are the same.
struct ToyReader: DatasetReader {
  let name = "toy files"
  let summary = "a line of labels and pixels."
  let files = ["*.toys"]

  func recognizes(_ location: DatasetLocation) -> Bool { location.start.starts(with: Array("toys:".utf8)) }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let content = try FileName(location.path).contents(limit: 1 << 20).dropFirst(5)
    let pairs = content.enumerated()
    let images = LabeledImages(
      shape: ImageShape(height: 1, width: 1, channels: 1),
      pixels: pairs.filter { !$0.offset.isMultiple(of: 2) }.map(\.element),
      labels: pairs.filter { $0.offset.isMultiple(of: 2) }.map(\.element))
    return Dataset(name: location.name, classNames: ["no", "yes"], train: images, test: images)
  }
}

/// A reader that recognizes everything and returns a given data set without any check.
struct CarelessReader: DatasetReader {
  let name = "anything"
  let summary = "nothing is checked."
  let files = ["*"]
  let dataset: Dataset

  func recognizes(_ location: DatasetLocation) -> Bool { true }
  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset { dataset }
}

/// A decoder that recognizes everything and returns a given image without any check.
struct CarelessDecoder: ImageDecoder {
  let name = "careless"
  let endings = ["any"]
  let image: RasterImage

  func recognizes(_ file: [UInt8]) -> Bool { true }
  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage { DecodedImage(image) }
}
