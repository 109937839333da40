internal import Compute
internal import Text

/// An image file with its label.
struct LabeledFile {
  let name: FileName
  let label: UInt8
}

/// Reads image files on several threads, and converts them to one shape. The result does not depend on the threads.
///
/// The files are decoded and converted in blocks; images are gray until the first image with color is found. If the
/// size is to be chosen, that of the first file is tried: images of equal size are read only once. When an image of
/// another size is found, the headers of all files are read, and the files are decoded again for the chosen size.
struct ImageFileLoader {
  /// The most memory for the converted images of a block, in bytes, and the most images in it.
  private static let block = (bytes: 16 << 20, images: 2048)

  private let source: any ImageFiles
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

  init(_ source: any ImageFiles, decoders: [any ImageDecoder], options: DatasetOptions) {
    (self.source, self.decoders, self.options, conversion) = (source, decoders, options, options.conversion)
    team = ThreadTeam(threads: max(1, options.threads ?? availableCores()))
  }

  /// The sizes of the images before the conversion; nil before ``load(_:)``.
  var storedSizes: StoredSizes? { conversion.size.flatMap { StoredSizes(sizes, convertedTo: $0) } }

  /// Reads sets of images, all of which get one shape.
  /// - Parameter sets: the files of each set, in the order of its images; there is at least one file
  mutating func load(_ sets: [[LabeledFile]]) throws(DatasetError) -> [LabeledImages] {
    let names = sets.flatMap { $0.map(\.name) }
    if conversion.size == nil {
      if let first = try sizeOfFirst(names) {
        conversion.size = first
        if let images = try load(sets, names, ofSize: first) { return images }
        (damaged, blended, sizes) = ([], [], [:])
      }
      conversion.size = try chooseSize(names)
    }
    return try load(sets, names, ofSize: nil)!
  }

  /// - Parameters:
  ///   - names: of the files of all sets
  ///   - expected: the size that all images should have; nil for any
  /// - Returns: nil if an image has another size than `expected`
  private mutating func load(
    _ sets: [[LabeledFile]], _ names: [FileName], ofSize expected: ImageSize?
  ) throws(DatasetError) -> [LabeledImages]? {
    let size = conversion.size!
    try DatasetLimits.check(ImageShape(height: size.height, width: size.width, channels: 1), source.root.shown)
    conversion.color = options.conversion.color == .rgb ? .rgb : .gray
    try checkMemory(sets)
    var loaded = sets.map { LoadedImages($0, conversion.shape!) }
    let starts = sets.indices.map { sets[..<$0].map(\.count).reduce(0, +) }
    var (done, isMixed) = (0, false)
    let most = max(team.count, min(Self.block.images, Self.block.bytes / (3 * size.height * size.width)))
    try source.forEachBlock(of: names, atMost: most) { block throws(DatasetError) in
      if isMixed { return }
      for (file, result) in zip(block, decode(block, names, size)) {
        guard let decoded = try decoded(result, names[file.index]) else { continue }
        if let expected, decoded.size != expected {
          isMixed = true
          return
        }
        let image = decoded.image
        if options.conversion.color == .auto, conversion.color == .gray, image.shape.channels == 3 {
          conversion.color = .rgb
          try checkMemory(sets)
          for set in loaded.indices { loaded[set].expandToRGB() }
        }
        let set = starts.lastIndex { $0 <= file.index }!
        loaded[set].put(conversion.color == .rgb ? image.rgb : image, at: file.index - starts[set])
      }
      done += block.count
      options.progress?(done, names.count)
    }
    if isMixed { return nil }
    note()
    // Removed from the list, so that the pixels are not copied.
    return sets.map { loaded.removeFirst().images($0) }
  }

  private func checkMemory(_ sets: [[LabeledFile]]) throws(DatasetError) {
    try DatasetLimits.checkMemory(sets.map(\.count).max()! * conversion.shape!.count, source.root.shown)
  }

  /// Returns the size of the first file if it is within the limits of data sets; nil if it is not, or is damaged.
  private func sizeOfFirst(_ names: [FileName]) throws(DatasetError) -> ImageSize? {
    var first: ImageSize?
    try source.forEachBlock(of: Array(names.prefix(1)), atMost: 1) { block throws(DatasetError) in
      guard let file = block.first else { return }
      first = try? decoders.size(of: file.content(), path: "")
    }
    return first.flatMap { max($0.height, $0.width) <= DatasetLimits.side ? $0 : nil }
  }

  /// Returns the size for files of any size. Damaged files are found later.
  private mutating func chooseSize(_ names: [FileName]) throws(DatasetError) -> ImageSize {
    var sizes: [ImageSize] = []
    try source.forEachBlock(of: names, atMost: Self.block.images) { block throws(DatasetError) in
      let found = team.map(block) { file throws(DatasetError) in
        try decoders.size(of: file.content(), path: source.root.appending(names[file.index]).shown)
      }
      sizes += found.compactMap { try? $0.get() }
    }
    guard !sizes.isEmpty else { return ImageSize(height: 1, width: 1) }
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

  private typealias Decoded = (image: RasterImage, size: ImageSize, isBlended: Bool)

  /// - Parameter names: of all files
  private func decode(
    _ block: [ImageFile], _ names: [FileName], _ size: ImageSize
  ) -> [Result<Decoded, DatasetError>] {
    var conversion = options.conversion
    conversion.size = size
    return team.map(block) { file throws(DatasetError) in
      let path = source.root.appending(names[file.index]).shown
      let decoded = try decoders.decode(file.content(), path: path)
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
      guard options.skipsDamaged else { throw error.with(advice: "to leave damaged images out, use --damaged skip") }
      damaged.append(error)
      return nil
    }
  }

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

/// The images of a set while they are read, in any order.
private struct LoadedImages {
  private var shape: ImageShape
  /// (count, height, width, channels)
  private var pixels: [UInt8]
  private var isLoaded: [Bool]

  init(_ files: [LabeledFile], _ shape: ImageShape) {
    self.shape = shape
    pixels = [UInt8](repeating: 0, count: files.count * shape.count)
    isLoaded = [Bool](repeating: false, count: files.count)
  }

  mutating func put(_ image: RasterImage, at index: Int) {
    pixels.replace(at: index * shape.count, with: image.pixels[...])
    isLoaded[index] = true
  }

  mutating func expandToRGB() {
    pixels = pixels.expandedToRGB
    shape.channels = 3
  }

  /// Returns the images that were loaded, in the order of the files.
  consuming func images(_ files: [LabeledFile]) -> LabeledImages {
    let loaded = files.indices.filter { isLoaded[$0] }
    if loaded.count < files.count {
      for (place, index) in loaded.enumerated() where place != index {
        pixels.replace(at: place * shape.count, with: pixels[index * shape.count..<(index + 1) * shape.count])
      }
      pixels.removeLast((files.count - loaded.count) * shape.count)
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: loaded.map { files[$0].label })
  }
}

extension [UInt8] {
  /// Overwrites the bytes from `place` on.
  fileprivate mutating func replace(at place: Int, with bytes: ArraySlice<UInt8>) {
    withUnsafeMutableBufferPointer { target in
      bytes.withUnsafeBufferPointer { source in
        guard let start = source.baseAddress else { return }
        (target.baseAddress! + place).update(from: start, count: source.count)
      }
    }
  }
}

extension ImageFiles {
  /// Reads a training set and a test set.
  /// - Parameters:
  ///   - sets: the training files and the test files, in the order of the images
  ///   - notes: about the files, before those about the images
  func dataset(
    _ name: String, _ classNames: [String], _ sets: [[LabeledFile]], _ options: DatasetOptions,
    _ decoders: [any ImageDecoder], notes: [String]
  ) throws(DatasetError) -> Dataset {
    var loader = ImageFileLoader(self, decoders: decoders, options: options)
    let images = try loader.load(sets)
    // A class may be missing in the test set, but not in the training set.
    let (listed, labels) = (Set(sets[0].map(\.label)), Set(images[0].labels))
    if let label = listed.subtracting(labels).min() {
      throw .damaged(
        path: root.shown, reason: "holds no undamaged training image of the class \(classNames[Int(label)])")
    }
    guard images[0].count > 0 || sets[0].isEmpty else {
      throw .damaged(path: root.shown, reason: "holds no undamaged training image")
    }
    guard images[1].count > 0 else { throw .damaged(path: root.shown, reason: "holds no undamaged test image") }
    var dataset = Dataset(
      name: name, classNames: classNames, train: images[0], test: images[1], notes: notes + loader.notes)
    (dataset.conversion, dataset.damaged) = (loader.conversion, loader.damaged)
    dataset.details.sizes = loader.storedSizes
    return dataset
  }
}
