internal import Foundation

/// Images in folders, as users of PyTorch and Keras know them: `DIR/train/<class>/*.png` and `DIR/test/<class>/*.png`.
///
/// Classes are numbered in the order of their names, images within a class come in the order of theirs (by bytes). Hidden files are left aside.
enum ImageFolder {
  /// Whether `directory` looks like one.
  static func isPresent(_ directory: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: directory + "/train", isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  static func read(_ directory: String) throws(DatasetError) -> Dataset {
    let classNames = try entries(directory + "/train")
    guard !classNames.isEmpty else {
      throw .damaged(path: directory + "/train", reason: "holds no class folders")
    }
    try DatasetLimits.checkNames(classNames, directory + "/train")
    // File systems tell names apart by their bytes; Swift holds "é" and "e" with an accent for equal.
    let known = Set(classNames.map { Array($0.utf8) })
    for name in try entries(directory + "/test") where !known.contains(Array(name.utf8)) {
      throw .inconsistent(
        path: "\(directory)/test/\(name)", reason: "is a class that \(directory)/train does not have")
    }
    let train = try readSet(directory + "/train", classNames, expected: nil)
    let test = try readSet(directory + "/test", classNames, expected: train.shape)
    return Dataset(
      name: URL(fileURLWithPath: directory).lastPathComponent, classNames: classNames, train: train, test: test)
  }

  private static func readSet(
    _ directory: String, _ classNames: [String], expected: ImageShape?
  ) throws(DatasetError) -> LabeledImages {
    var shape = expected
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for (label, name) in classNames.enumerated() {
      let folder = "\(directory)/\(name)"
      // A class may be missing among the test images, but not among those to learn from.
      if expected != nil && !FileManager.default.fileExists(atPath: folder) { continue }
      let files = try entries(folder)
      if files.isEmpty && expected == nil { throw .damaged(path: folder, reason: "holds no images") }
      for file in files {
        let path = "\(folder)/\(file)"
        guard file.lowercased().hasSuffix(".png") else {
          throw .damaged(path: path, reason: "is not named *.png; class folders hold PNG images only")
        }
        let image = try PNGImage.read(path)
        let first = shape ?? image.shape
        guard image.shape == first else {
          throw .inconsistent(
            path: path,
            reason: "is \(image.shape), but the images before it are \(first); all must have one size and "
              + "be all grey or all RGB")
        }
        shape = first
        try DatasetLimits.checkMemory(pixels.count + image.pixels.count, directory)
        pixels += image.pixels
        labels.append(UInt8(label))
      }
    }
    guard let shape, !labels.isEmpty else { throw .damaged(path: directory, reason: "holds no images") }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  /// The names in a folder, hidden ones left aside, in the order of their bytes.
  private static func entries(_ directory: String) throws(DatasetError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory).filter { !$0.hasPrefix(".") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      let expected = "train and test must be folders with one folder of PNG images for each class"
      guard FileManager.default.fileExists(atPath: directory) else {
        throw .missing(path: directory, reason: "there is no such folder; \(expected)")
      }
      throw .damaged(path: directory, reason: "is not a folder that can be read; \(expected)")
    }
  }
}
