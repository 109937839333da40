internal import Compute
internal import Text

/// Reads image files on several threads, and converts them to one shape. The result does not depend on the threads.
///
/// The files are decoded and converted in blocks; images are gray until the first image with color is found. If the
/// size is to be chosen, that of the first file is tried: images of equal size are read only once. When an image of
/// another size is found, the headers of all files are read, and the files are decoded again for the chosen size.
struct ImageFileLoader {
  /// The most memory for the converted images of a block, in bytes, and the most images in it.
  private static let block = (bytes: 16 << 20, images: 2048)

  private let folder: FileName
  private let decoders: [any ImageDecoder]
  private let options: DatasetOptions
  private let team: ThreadTeam
  /// The conversion; after ``load(_:)`` with the size and color of the images.
  private(set) var conversion: ImageConversion
  /// Why files were skipped.
  private(set) var damaged: [DatasetError] = []
  private var blended: [FileName] = []
  private(set) var notes: [String] = []
  /// The number of images of each size before the conversion.
  private var sizes: [ImageSize: Int] = [:]

  /// - Parameter folder: the folder that the names of files are relative to
  init(folder: FileName, decoders: [any ImageDecoder], options: DatasetOptions) {
    (self.folder, self.decoders, self.options, conversion) = (folder, decoders, options, options.conversion)
    team = ThreadTeam(threads: max(1, options.threads ?? availableCores()))
  }

  /// The sizes of the images before the conversion; nil before ``load(_:)``.
  var storedSizes: StoredSizes? { conversion.size.flatMap { StoredSizes(sizes, convertedTo: $0) } }

  private typealias LabeledFile = (name: FileName, label: UInt8)

  /// Reads sets of images, all of which get one shape.
  /// - Parameter sets: of each set and class, by label, the files; there is at least one
  mutating func load(_ sets: [[[FileName]]]) throws(DatasetError) -> [LabeledImages] {
    let sets = sets.map { classes in
      classes.enumerated().flatMap { label, names in names.map { LabeledFile($0, UInt8(label)) } }
    }
    if conversion.size == nil, let first = firstSize(sets) {
      conversion.size = first
      if let images = try load(sets, whileOfSize: first) {
        note()
        return images
      }
      (damaged, blended, sizes) = ([], [], [:])
      conversion.size = chooseSize(sets.joined().map(\.name))
    }
    conversion.size = conversion.size ?? ImageSize(height: 1, width: 1)
    try DatasetLimits.check(
      ImageShape(height: conversion.size!.height, width: conversion.size!.width, channels: 1), folder.shown)
    let images = try load(sets, whileOfSize: nil)!
    note()
    return images
  }

  /// - Parameter expected: the size that all images should have; nil for any
  /// - Returns: nil if an image has another size than `expected`
  private mutating func load(
    _ sets: [[LabeledFile]], whileOfSize expected: ImageSize?
  ) throws(DatasetError) -> [LabeledImages]? {
    conversion.color = options.conversion.color == .rgb ? .rgb : .gray
    let total = sets.map(\.count).reduce(0, +)
    let size = conversion.size!
    var (pixels, labels, done): ([[UInt8]], [[UInt8]], Int) = ([], [], 0)
    for files in sets {
      pixels.append([])
      labels.append([])
      try DatasetLimits.checkMemory(files.count * conversion.shape!.count, folder.shown)
      pixels[pixels.count - 1].reserveCapacity(files.count * conversion.shape!.count)
      let step = max(team.count, min(Self.block.images, Self.block.bytes / (3 * size.height * size.width)))
      for start in stride(from: 0, to: files.count, by: step) {
        let block = files[start..<min(start + step, files.count)]
        for (file, result) in zip(block, decode(block.map(\.name), size)) {
          guard let decoded = try decoded(result, file.name) else { continue }
          if let expected, decoded.size != expected { return nil }
          let image = decoded.image
          if options.conversion.color == .auto, conversion.color == .gray, image.shape.channels == 3 {
            conversion.color = .rgb
            try DatasetLimits.checkMemory(sets.map(\.count).max()! * conversion.shape!.count, folder.shown)
            for set in pixels.indices { pixels[set] = pixels[set].expandedToRGB }
            pixels[pixels.count - 1].reserveCapacity(files.count * conversion.shape!.count)
          }
          pixels[pixels.count - 1] += conversion.color == .rgb ? image.rgb.pixels : image.pixels
          labels[labels.count - 1].append(file.label)
        }
        done += block.count
        options.progress?(done, total)
      }
    }
    return zip(pixels, labels).map { LabeledImages(shape: conversion.shape!, pixels: $0, labels: $1) }
  }

  // MARK: Size

  /// The size of the first file that is an image, if it is within the limits of data sets.
  private func firstSize(_ sets: [[LabeledFile]]) -> ImageSize? {
    for file in sets.joined() {
      guard let size = try? decoders.size(folder / file.name) else { continue }
      return max(size.height, size.width) <= DatasetLimits.side ? size : nil
    }
    return nil
  }

  /// Returns the size for files of any size. Damaged files are found later.
  private mutating func chooseSize(_ names: [FileName]) -> ImageSize? {
    let sizes = team.map(names) { name throws(DatasetError) in try decoders.size(folder / name) }
      .compactMap { try? $0.get() }
    guard !sizes.isEmpty else { return nil }
    let chosen = ImageSize.median(of: sizes)
    if sizes.contains(where: { $0 != chosen }) {
      let (heights, widths) = (sizes.map(\.height).sorted(), sizes.map(\.width).sorted())
      let smallest = ImageSize(height: heights[0], width: widths[0])
      let largest = ImageSize(height: heights.last!, width: widths.last!)
      let found =
        smallest == largest
        ? "all images are \(largest)" : "the images have different sizes (\(smallest) to \(largest))"
      notes.append("\(found); they were resized to \(chosen) (fit: \(conversion.fit.rawValue))")
    }
    return chosen
  }

  // MARK: Decoding

  private typealias Decoded = (image: RasterImage, size: ImageSize, isBlended: Bool)

  private func decode(_ names: [FileName], _ size: ImageSize) -> [Result<Decoded, DatasetError>] {
    var conversion = options.conversion
    conversion.size = size
    return team.map(names) { name throws(DatasetError) in
      let decoded = try decoders.read(folder / name)
      return (conversion.image(decoded), decoded.samples.size, decoded.isBlended)
    }
  }

  /// Returns an image; nil if it is damaged and skipped.
  private mutating func decoded(
    _ result: Result<Decoded, DatasetError>, _ name: FileName
  ) throws(DatasetError) -> Decoded? {
    switch result {
    case .success(let decoded):
      if decoded.isBlended { blended.append(name) }
      sizes[decoded.size, default: 0] += 1
      return decoded
    case .failure(let error):
      guard options.skipsDamaged else { throw error }
      damaged.append(error)
      return nil
    }
  }

  // MARK: Notes

  private mutating func note() {
    if !blended.isEmpty {
      let images = blended.count == 1 ? "1 image has" : "\(blended.count) images have"
      let background = conversion.background == .white ? "white" : conversion.background.description
      notes.append("\(images) transparent pixels, which were blended onto \(background): \(blended.firstNames)")
    }
    if !damaged.isEmpty {
      let images = damaged.count == 1 ? "1 damaged image was" : "\(damaged.count) damaged images were"
      notes.append("\(images) skipped: \(damaged.map(\.description).listed(atMost: 3))")
    }
  }
}

extension ThreadTeam {
  /// Returns the results of `body` for each name, in their order.
  func map<Element>(
    _ names: [FileName], _ body: (FileName) throws(DatasetError) -> Element
  ) -> [Result<Element, DatasetError>] {
    [Result<Element, DatasetError>](unsafeUninitializedCapacity: names.count) { results, count in
      guard let results = results.baseAddress else { return }
      forEach(names.count, chunk: 4) { index, _ in
        let result: Result<Element, DatasetError>
        do throws(DatasetError) { result = .success(try body(names[index])) } catch { result = .failure(error) }
        (results + index).initialize(to: result)
      }
      count = names.count
    }
  }
}
