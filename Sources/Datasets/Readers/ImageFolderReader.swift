internal import Foundation

/// Image folders as for PyTorch and Keras: `DIR/train/CLASS/*` and `DIR/test/CLASS/*`.
struct ImageFolderReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "image folders"
  let summary = "each folder CLASS holds the images of one class."
  var files: [String] { ["train", "test"].map { "\($0)/CLASS/\(decoders.pattern)" } }

  func recognizes(_ location: DatasetLocation) -> Bool { location.hasFolder("train") }

  func read(_ location: DatasetLocation) throws(DatasetError) -> Dataset {
    try ImageFolder.read(location, decoders: decoders)
  }
}

/// Reads the images of class folders.
///
/// Classes, and the images within a class, are sorted by the bytes of their names. Class names are converted to
/// Unicode's normal form C, so that the form of the file system does not matter; image names need not be UTF-8. Hidden
/// files are ignored. Files that Windows, macOS and storage systems put into folders (``junk``) are skipped with a
/// note.
private struct ImageFolder {
  /// Names of system files in lower case.
  private static let junk: Set<String> = [
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin",
    "lost+found",
  ]

  private let directory: FileName
  private let decoders: [any ImageDecoder]
  /// The skipped files, relative to ``directory``.
  private var skipped: [String] = []
  private var blended: [String] = []

  private init(_ directory: String, _ decoders: [any ImageDecoder]) {
    (self.directory, self.decoders) = (FileName(directory), decoders)
  }

  static func read(_ location: DatasetLocation, decoders: [any ImageDecoder]) throws(DatasetError) -> Dataset {
    let directory = location.path
    var folder = ImageFolder(directory, decoders)
    let classes = try folder.classes("train")
    guard !classes.isEmpty else { throw .damaged(path: directory + "/train", reason: "holds no class folders") }
    let classNames = classes.map(\.name)
    try DatasetLimits.checkNames(classNames, directory + "/train")
    let testClasses = try folder.classes("test")
    for found in testClasses where !classNames.contains(found.name) {
      throw .inconsistent(
        path: "\(directory)/test/\(found.name)", reason: "is a class that \(directory)/train does not have")
    }
    let train = try folder.readSet("train", classes, expected: nil)
    // A class may be missing in the test set, but not in the training set.
    let test = try folder.readSet(
      "test", classNames.map { name in (name, testClasses.first { $0.name == name }?.folder) }, expected: train.shape)
    return Dataset(
      name: location.name, classNames: classNames, train: train, test: test,
      notes: folder.notes)
  }

  private typealias Class = (name: String, folder: FileName?)

  /// Returns the class folders of a part (`train` or `test`), sorted by name.
  private mutating func classes(_ part: String) throws(DatasetError) -> [Class] {
    var classes: [Class] = []
    for entry in try entries(FileName(part)) {
      guard let name = entry.text?.precomposedStringWithCanonicalMapping else {
        throw .damaged(
          path: (directory / FileName(part) / entry).shown,
          reason: "has a name that is not UTF-8 (perhaps Latin-1); rename this folder, since it names a class")
      }
      if let other = classes.first(where: { $0.name == name })?.folder {
        throw .inconsistent(
          path: (directory / FileName(part) / entry).shown,
          reason: "has the same name as another folder (\(other.bytes.count) and \(entry.bytes.count) bytes long, "
            + "in different Unicode forms); move the images of both into one folder")
      }
      classes.append((name, entry))
    }
    return classes.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private mutating func readSet(
    _ part: String, _ classes: [Class], expected: ImageShape?
  ) throws(DatasetError) -> LabeledImages {
    var shape = expected
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for (label, found) in classes.enumerated() {
      guard let folder = found.folder.map({ FileName(part) / $0 }) else { continue }
      let files = try entries(folder)
      if files.isEmpty && expected == nil {
        throw .damaged(path: (directory / folder).shown, reason: "holds no images")
      }
      for name in files {
        let (file, path) = try image(folder / name)
        var image = ImageConversion().image(file)
        let first = shape ?? image.shape
        if image.shape.channels == 3, shape?.channels == 1, expected == nil {
          pixels = pixels.expandedToRGB
          shape?.channels = 3
        }
        if shape?.channels == 3 { image = image.rgb }
        guard image.shape == shape ?? first else {
          throw .inconsistent(
            path: path, reason: "is \(image.shape), but the images before it are \(first); all must have one size")
        }
        shape = image.shape
        try DatasetLimits.check(image.shape, path)
        try DatasetLimits.checkMemory(pixels.count + image.pixels.count, directory.shown)
        pixels += image.pixels
        labels.append(UInt8(label))
      }
    }
    guard let shape, !labels.isEmpty else {
      throw .damaged(path: (directory / FileName(part)).shown, reason: "holds no images")
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  private mutating func image(_ name: FileName) throws(DatasetError) -> (file: DecodedImage, path: String) {
    let path = directory / name
    guard path.hasEnding(decoders.endings) else {
      throw .damaged(
        path: path.shown,
        reason: "is not named \(decoders.pattern); class folders must contain only \(decoders.names) images")
    }
    let file = try decoders.read(path)
    if file.isBlended { blended.append(name.shown) }
    return (file, path.shown)
  }

  /// Returns the names in a folder, without hidden files and junk.
  /// - Parameter folder: relative to ``directory``
  private mutating func entries(_ folder: FileName) throws(DatasetError) -> [FileName] {
    let path = directory / folder
    guard let names = path.entries else {
      let expected = "train and test must be folders with one folder of images for each class"
      guard path.exists else { throw .missing(path: path.shown, reason: "there is no such folder; \(expected)") }
      throw .damaged(path: path.shown, reason: "is not a readable folder; \(expected)")
    }
    var kept: [FileName] = []
    for name in names {
      if let text = name.text, Self.junk.contains(text.lowercased()) {
        skipped.append((folder / name).shown)
      } else {
        kept.append(name)
      }
    }
    return kept
  }

  private var notes: [String] {
    var notes: [String] = []
    if !skipped.isEmpty {
      let files = skipped.count == 1 ? "file that is not an image was" : "files that are not images were"
      notes.append("\(skipped.count) \(files) skipped: \(Self.list(skipped))")
    }
    if !blended.isEmpty {
      let images = blended.count == 1 ? "1 image has" : "\(blended.count) images have"
      notes.append("\(images) transparent pixels, which were blended onto white: \(Self.list(blended))")
    }
    return notes
  }

  /// Joins the first three names.
  private static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " …" : "")
  }
}
