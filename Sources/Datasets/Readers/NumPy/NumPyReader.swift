internal import Text

/// NumPy arrays in an archive (NPZ), or in files of their own (NPY) in a folder: images and labels under the names that
/// Keras and MedMNIST use.
struct NumPyReader: DatasetReader {
  let name = "NumPy arrays"
  let summary =
    "x_train, y_train, x_test and y_test, as in Keras; or train_images, train_labels, test_images and test_labels, as "
    + "in MedMNIST; or x and y, or images and labels, of which a part becomes the test set."
  let files = ["*.npz", "x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"]

  /// Training images, training labels, test images and test labels; or images and labels.
  private static let usualNames = [
    ["x_train", "y_train", "x_test", "y_test"], ["train_images", "train_labels", "test_images", "test_labels"],
    ["x", "y"], ["images", "labels"], ["data", "target"],
  ]

  func recognizes(_ location: DatasetLocation) -> Bool {
    guard let entries = location.entries else { return Self.isArchive(location) }
    return entries.contains { $0.hasEnding(["npz", "npy"]) }
  }

  /// Whether a file is a zip archive of arrays, by its name or by that of its first member.
  static func isArchive(_ location: DatasetLocation) -> Bool {
    let start = Bytes(location.start)
    guard start.hasSignature([3, 4], at: 0), let length = start.number(26, 2) else { return false }
    return FileName(location.path).hasEnding(["npz"])
      || start.slice(30, length).map { FileName(Array($0)).hasEnding(["npy"]) } ?? false
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let arrays = try Self.arrays(location)
    let found = arrays.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let (names, isTestSet) = try Self.names(in: found, location.path, options)
    var opened: [NumPyArray] = []
    for name in names { opened.append(try arrays[name]!()) }
    let images = stride(from: 0, to: opened.count, by: 2).map { opened[$0] }
    let labels = stride(from: 1, to: opened.count, by: 2).map { opened[$0] }
    let scale = try Self.scale(images)
    var sets: [LabeledImages] = []
    for (images, labels) in zip(images, labels) { sets.append(try Self.set(images, labels, scale)) }
    guard sets.allSatisfy({ $0.shape == sets[0].shape }) else {
      throw .inconsistent(
        path: location.path,
        reason: "the training images are \(sets[0].shape), the test images \(sets[1].shape); all must have one size")
    }
    let classNames = (0...sets.map { Int($0.labels.max()!) }.max()!).map(String.init)
    if isTestSet { sets.insert(sets[0].prefix(0), at: 0) }
    var dataset =
      sets.count == 1
      ? try Split.dataset(location.name, classNames, sets[0], options, location.path)
      : Dataset(name: location.name, classNames: classNames, train: sets[0], test: sets[1])
    if scale != 1 { dataset.notes.append("the pixels are numbers from 0 to 1, and were multiplied by 255") }
    let unused = found.filter { !names.contains($0) }
    if !unused.isEmpty { dataset.notes.append("these arrays are not used: \(unused.listed(atMost: 5))") }
    return dataset
  }

  /// Chooses the arrays to read: images and labels of the training and the test set, or of one set.
  /// - Parameter found: the names of all arrays
  /// - Returns: the names, and whether they are those of a test set without training images, which suffices for an
  ///   evaluation
  private static func names(
    in found: [String], _ path: String, _ options: DatasetOptions
  ) throws(DatasetError) -> (names: [String], isTestSet: Bool) {
    let candidates = options.arrays.map { [$0.all.map { $0.lowercased() }] } ?? usualNames
    if let names = candidates.first(where: { $0.allSatisfy(found.contains) }) { return (names, false) }
    for names in candidates {
      guard let missing = missingPart(of: names, found) else { continue }
      let (train, test) = (names.prefix(2).joined(separator: " and "), names.suffix(2).joined(separator: " and "))
      switch missing {
      case .train where options.isForEvaluation: return (Array(names.suffix(2)), true)
      case .train:
        throw .inconsistent(path: path, reason: "holds test images only (\(test)); expected \(train) too")
      case .test, .validation:
        throw .inconsistent(
          path: path,
          reason: "holds training images only (\(train)); expected \(test) too, or --arrays "
            + "images=\(names[0]),labels=\(names[1]) to use a part of them as the test set")
      }
    }
    let list = found.isEmpty ? "no arrays" : "the arrays \(found.listed(atMost: 8))"
    let expected = candidates.map { $0.joined(separator: ", ", last: " and ") }.joined(separator: "; ", last: "; or ")
    let advice = options.arrays == nil ? "; for other names use --arrays images=NAME,labels=NAME" : ""
    throw .inconsistent(path: path, reason: "holds \(list); expected \(expected)\(advice)")
  }

  /// Returns the part of which both arrays are missing, while those of the other part are there; nil if there is none.
  /// - Parameter names: those of both parts, or of one set
  private static func missingPart(of names: [String], _ found: [String]) -> DatasetPart? {
    switch names.map(found.contains) {
    case [false, false, true, true]: .train
    case [true, true, false, false]: .test
    default: nil
    }
  }

  private typealias Opening = () throws(DatasetError) -> NumPyArray

  /// Returns the arrays by their names in lower case.
  private static func arrays(_ location: DatasetLocation) throws(DatasetError) -> [String: Opening] {
    let folder = FileName(location.path)
    let archives = location.entries.map { $0.filter { $0.hasEnding(["npz"]) }.map { folder / $0 } } ?? [folder]
    guard archives.count <= 1 else {
      throw .inconsistent(
        path: location.path, reason: "holds \(archives.count) NPZ files; use the path of one of them as the data")
    }
    var arrays: [String: Opening] = [:]
    func add(_ file: String, _ path: String, _ opening: @escaping Opening) throws(DatasetError) {
      let name = file.dropLast(4).lowercased()
      guard arrays.updateValue(opening, forKey: name) == nil else {
        throw .inconsistent(path: path, reason: "holds two arrays with the name \(name)")
      }
    }
    if let path = archives.first {
      let archive = try ZipArchive(path)
      for member in archive.members where member.name.hasSuffix(".npy") {
        try add(member.name, path.shown) { () throws(DatasetError) in
          try NumPyArray(path: "\(path.shown)/\(member.name)") { () throws(DatasetError) in
            try ZipMemberSource(member, of: archive)
          }
        }
      }
    } else {
      for entry in location.entries ?? [] where entry.hasEnding(["npy"]) {
        let path = folder / entry
        try add(entry.shown, location.path) { () throws(DatasetError) in
          try NumPyArray(path: path.shown) { () throws(DatasetError) in try ByteSource(path: path) }
        }
      }
    }
    return arrays
  }

  /// Returns what pixels are multiplied by: 1 for whole numbers from 0 to 255, and 255 for numbers from 0 to 1.
  private static func scale(_ images: [NumPyArray]) throws(DatasetError) -> Double {
    var found = try images[0].values()
    for array in images.dropFirst() { found = found.union(try array.values()) }
    let areFractions = images.allSatisfy { [.floating, .boolean].contains($0.header.kind) }
    if areFractions, 0...1 ~= found.range.lowerBound, found.range.upperBound <= 1 { return 255 }
    guard found.areWhole, 0...255 ~= found.range.lowerBound, found.range.upperBound <= 255 else {
      throw .damaged(
        path: images[0].path,
        reason:
          "holds pixels from \(found.range.lowerBound) to \(found.range.upperBound); expected whole numbers from 0 "
          + "to 255, or numbers from 0 to 1")
    }
    return 1
  }

  private static func set(
    _ images: NumPyArray, _ labels: NumPyArray, _ scale: Double
  ) throws(DatasetError) -> LabeledImages {
    let layout = try PixelLayout(images)
    let count = images.header.shape[0]
    guard labels.header.count == labels.header.shape[0] else {
      throw .damaged(
        path: labels.path, reason: "has the shape \(labels.header.shape); expected one label for each image")
    }
    guard labels.header.count == count else {
      throw .inconsistent(
        path: labels.path,
        reason: "holds \(counted(labels.header.count, "label")), but \(images.path) holds \(counted(count, "image"))")
    }
    guard try labels.values().areWhole else {
      throw .damaged(path: labels.path, reason: "holds labels that are not whole numbers")
    }
    return LabeledImages(
      shape: layout.shape, pixels: layout.interleaved(try images.bytes(scale: scale)), labels: try labels.bytes())
  }
}

/// Where the pixels of images are in an array.
private struct PixelLayout {
  let shape: ImageShape
  private let count: Int
  /// The distance of neighbors in the array: images, rows, columns, channels.
  private let strides: [Int]

  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the array does not hold images within the limits.
  init(_ array: NumPyArray) throws(DatasetError) {
    let (sizes, path) = (array.header.shape, array.path)
    var strides = [Int](repeating: 1, count: sizes.count)
    let order = Array(array.header.isColumnMajor ? Array(sizes.indices) : sizes.indices.reversed())
    for (inner, outer) in zip(order, order.dropFirst()) { strides[outer] = strides[inner] * sizes[inner] }
    switch sizes.count {
    case 2:
      let side = Int(Double(sizes[1]).squareRoot().rounded())
      guard side * side == sizes[1] else {
        throw .damaged(path: path, reason: "has rows of \(sizes[1]) numbers; expected the pixels of square images")
      }
      shape = ImageShape(height: side, width: side, channels: 1)
      strides = [strides[0], side * strides[1], strides[1], 1]
    case 3:
      shape = ImageShape(height: sizes[1], width: sizes[2], channels: 1)
      strides.append(1)
    case 4:
      let areChannelsFirst = ![1, 3].contains(sizes[3]) && [1, 3].contains(sizes[1])
      shape =
        areChannelsFirst
        ? ImageShape(height: sizes[2], width: sizes[3], channels: sizes[1])
        : ImageShape(height: sizes[1], width: sizes[2], channels: sizes[3])
      if areChannelsFirst { strides = [strides[0], strides[2], strides[3], strides[1]] }
    default:
      throw .damaged(
        path: path,
        reason: "has \(counted(sizes.count, "dimension")); images have 2 to 4, of which the first counts them")
    }
    (count, self.strides) = (sizes[0], strides)
    try DatasetLimits.checkCount(count, of: "images", path)
    try DatasetLimits.check(shape, path, verb: "holds images of")
    try DatasetLimits.checkMemory(array.header.count, path)
  }

  /// Returns the pixels in the order (count, height, width, channels).
  func interleaved(_ elements: [UInt8]) -> [UInt8] {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    if strides[0] == shape.count, strides[1] == width * channels, strides[2] == channels { return elements }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(elements.count)
    for image in 0..<count {
      for y in 0..<height {
        for x in 0..<width {
          let place = image * strides[0] + y * strides[1] + x * strides[2]
          for channel in 0..<channels { pixels.append(elements[place + channel * strides[3]]) }
        }
      }
    }
    return pixels
  }
}
