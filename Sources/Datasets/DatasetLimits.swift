internal import Foundation
internal import Text

/// The limits of data sets. A file beyond them is refused before memory is allocated for it.
package enum DatasetLimits {
  package static let side = 512
  package static let classes = 256
  /// The maximum number of images in a training or test set, so that indices fit in 32 bits.
  package static let images = 1 << 28

  /// The maximum height and width of an image file, which can be larger than the images of the data set.
  package static let fileSide = 1 << 15
  /// The maximum number of pixels of an image file, which limits the memory that decoders need.
  package static let filePixels = 1 << 26
  /// The maximum size of an image file in bytes: the largest image takes 192 MiB, the rest is for data that decoders
  /// ignore.
  static let imageFile = 256 << 20

  /// Checks the size of an image file before memory is allocated for its pixels.
  /// - Throws: ``DatasetError/damaged(path:reason:)``
  package static func check(_ size: ImageSize, _ path: String) throws(DatasetError) {
    guard 1...fileSide ~= size.height, 1...fileSide ~= size.width else {
      throw .damaged(path: path, reason: "is \(size); expected height and width from 1 to \(fileSide)")
    }
    guard size.height * size.width <= filePixels else {
      throw .damaged(
        path: path, reason: "is \(size); the maximum is \(filePixels) pixels; reduce the image")
    }
  }

  /// Checks the shape of images before memory is allocated for their pixels.
  /// - Parameter verb: what the file does to the images: "is", or "holds images of"
  /// - Throws: ``DatasetError/damaged(path:reason:)``
  package static func check(_ shape: ImageShape, _ path: String, verb: String = "is") throws(DatasetError) {
    let size = "\(shape.height)x\(shape.width)"
    guard 1...side ~= shape.height, 1...side ~= shape.width else {
      throw .damaged(path: path, reason: "\(verb) \(size); expected height and width from 1 to \(side)")
    }
    guard shape.channels == 1 || shape.channels == 3 else {
      throw .damaged(
        path: path, reason: "\(verb) \(size) with \(shape.channels) channels; expected 1 (gray) or 3 (RGB)")
    }
  }

  /// Checks the number of images or labels that a file declares before memory is allocated for them.
  /// - Parameter what: "images" or "labels"
  static func checkCount(_ count: Int, of what: String, _ path: String) throws(DatasetError) {
    guard count > 0 else { throw .damaged(path: path, reason: "holds no \(what)") }
    guard count <= images else {
      throw .damaged(path: path, reason: "declares \(count) \(what); the maximum is \(images)")
    }
  }

  /// Checks what a reader returns, so that no reader can exceed the limits.
  /// - Parameter isForEvaluation: whether there may be no training images, or those of one class
  static func check(_ dataset: Dataset, _ path: String, isForEvaluation: Bool = false) throws(DatasetError) {
    try check(dataset.shape, path, verb: "holds images of")
    try checkNames(dataset.classNames, path)
    for set in [dataset.train, dataset.test] where !(isForEvaluation && set.count == 0 && dataset.test.count > 0) {
      try checkCount(set.count, of: "images", path)
      if let index = set.labels.firstIndex(where: { Int($0) >= dataset.classCount }) {
        throw .inconsistent(path: path, reason: outOfRange(set.labels[index], image: index, dataset.classCount))
      }
    }
    guard isForEvaluation || dataset.train.labels.contains(where: { $0 != dataset.train.labels[0] }) else {
      let className = dataset.classNames[Int(dataset.train.labels[0])]
      throw .damaged(
        path: path,
        reason: "has training images of only one class (\(className)); add training images of another class")
    }
  }

  /// The reason why a label is invalid.
  static func outOfRange(_ label: UInt8, image: Int, _ classCount: Int) -> String {
    "label \(label) of image \(image) is out of range: the number of classes is \(classCount)"
  }

  /// Checks class names, which are printed on terminals and stored one per line.
  package static func checkNames(_ names: [String], _ path: String) throws(DatasetError) {
    if let name = names.first(where: { $0.isEmpty || $0.hasControlCharacters }) {
      throw .damaged(
        path: path,
        reason: "has the class name \(name.debugDescription); names must not be empty or contain control characters")
    }
    guard 1...classes ~= names.count, Set(names).count == names.count else {
      throw .damaged(
        path: path, reason: "holds \(names.count) class names; expected 1 to \(classes) different names")
    }
  }

  /// Checks that the pixels of one set fit in memory.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if they take more than half of this machine's memory.
  static func checkMemory(_ byteCount: Int, _ path: String) throws(DatasetError) {
    let limit = Int(ProcessInfo.processInfo.physicalMemory / 2)
    guard byteCount <= limit else {
      throw .damaged(
        path: path, reason: "holds \(byteCount >> 20) MiB of pixels; this machine's memory allows \(limit >> 20) MiB")
    }
  }
}
