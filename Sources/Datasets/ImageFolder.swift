internal import Foundation

/// Images in folders, as users of PyTorch and Keras know them: `DIR/train/<class>/*.png` and `DIR/test/<class>/*.png`.
///
/// Classes are numbered in the order of their names, images within a class come in the order of theirs (by bytes). Names of classes are kept in
/// Unicode's normal form C, so that it does not matter in which form a file system has them; names of images need not even be UTF-8. Hidden
/// files are left aside, and so is what Windows, macOS and storage systems put into every folder (``junk``), which is said.
struct ImageFolder {
  /// Lower-case names.
  private static let junk: Set<String> = [
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin",
    "lost+found",
  ]

  private let directory: FileName
  /// Left aside, by name within ``directory``.
  private var leftAside: [String] = []
  private var blended: [String] = []

  private init(_ directory: String) { self.directory = FileName(directory) }

  /// Whether `directory` looks like one.
  static func isPresent(_ directory: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: directory + "/train", isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  static func read(_ directory: String) throws(DatasetError) -> Dataset {
    var folder = ImageFolder(directory)
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
    // A class may be missing among the test images, but not among those to learn from.
    let test = try folder.readSet(
      "test", classNames.map { name in (name, testClasses.first { $0.name == name }?.folder) }, expected: train.shape)
    return Dataset(
      name: URL(fileURLWithPath: directory).lastPathComponent, classNames: classNames, train: train, test: test,
      notes: folder.notes)
  }

  private typealias Class = (name: String, folder: FileName?)

  /// The class folders of a part, in the order of their names.
  private mutating func classes(_ part: String) throws(DatasetError) -> [Class] {
    var classes: [Class] = []
    for entry in try entries(FileName(part)) {
      guard let name = entry.text?.precomposedStringWithCanonicalMapping else {
        throw .damaged(
          path: (directory / FileName(part) / entry).shown,
          reason: "has a name that is not UTF-8 (Latin-1, perhaps); rename this folder, since it names a class")
      }
      if let other = classes.first(where: { $0.name == name })?.folder {
        throw .inconsistent(
          path: (directory / FileName(part) / entry).shown,
          reason: "is the same name as that of the folder beside it (\(other.bytes.count) and \(entry.bytes.count) "
            + "bytes long, in different Unicode forms); put the images of both into one folder")
      }
      classes.append((name, entry))
    }
    return classes.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private mutating func readSet(
    _ part: String, _ classes: [Class], expected: ImageShape?
  ) throws(DatasetError) -> LabeledImages {
    var shape = expected
    // Whether all images so far are grey palettes, which may turn out to be part of a set of RGB images.
    var isUndecided = expected == nil
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for (label, found) in classes.enumerated() {
      guard let folder = found.folder.map({ FileName(part) / $0 }) else { continue }
      let files = try entries(folder)
      if files.isEmpty && expected == nil {
        throw .damaged(path: (directory / folder).shown, reason: "holds no images")
      }
      for name in files {
        let (file, path) = try png(folder / name)
        if isUndecided, !file.isGrayPalette {
          if file.image.shape.channels == 3 {
            pixels = pixels.flatMap { [$0, $0, $0] }
            shape?.channels = 3
          }
          isUndecided = false
        }
        let image = file.image(channels: shape?.channels ?? 1)
        let first = shape ?? image.shape
        guard image.shape == first else {
          throw .inconsistent(
            path: path,
            reason: "is \(image.shape), but the images before it are \(first); all must have one size and "
              + "be all grey or all RGB")
        }
        shape = first
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

  private mutating func png(_ name: FileName) throws(DatasetError) -> (file: PNGFile, path: String) {
    let path = directory / name
    guard path.bytes.suffix(4).map({ $0 | 0x20 }) == Array(".png".utf8) else {
      throw .damaged(path: path.shown, reason: "is not named *.png; class folders hold PNG images only")
    }
    let file = try PNGFile(path)
    if file.isBlended { blended.append(name.shown) }
    return (file, path.shown)
  }

  /// The names in a folder, hidden ones and junk left aside.
  /// - Parameter folder: within ``directory``
  private mutating func entries(_ folder: FileName) throws(DatasetError) -> [FileName] {
    let path = directory / folder
    guard let names = path.entries else {
      let expected = "train and test must be folders with one folder of PNG images for each class"
      guard path.exists else { throw .missing(path: path.shown, reason: "there is no such folder; \(expected)") }
      throw .damaged(path: path.shown, reason: "is not a folder that can be read; \(expected)")
    }
    var kept: [FileName] = []
    for name in names {
      if let text = name.text, Self.junk.contains(text.lowercased()) {
        leftAside.append((folder / name).shown)
      } else {
        kept.append(name)
      }
    }
    return kept
  }

  private var notes: [String] {
    var notes: [String] = []
    if !leftAside.isEmpty {
      let files = leftAside.count == 1 ? "file that is not an image was" : "files that are not images were"
      notes.append("\(leftAside.count) \(files) skipped: \(Self.list(leftAside))")
    }
    if !blended.isEmpty {
      let images = blended.count == 1 ? "1 image has" : "\(blended.count) images have"
      notes.append("\(images) transparent pixels, which were blended onto white: \(Self.list(blended))")
    }
    return notes
  }

  /// The first few.
  private static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " …" : "")
  }
}
