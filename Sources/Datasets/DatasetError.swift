internal import Foundation

/// The reason why a data set cannot be read. Each description names the file and what was expected.
package enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// The file or folder does not exist, or cannot be opened.
  case missing(path: String, reason: String)
  /// The file exists, but its content is invalid.
  case damaged(path: String, reason: String)
  /// Files that are valid by themselves contradict each other.
  case inconsistent(path: String, reason: String)

  package var isMissing: Bool { if case .missing = self { true } else { false } }

  package var description: String {
    switch self {
    case .missing(let path, let reason), .damaged(let path, let reason), .inconsistent(let path, let reason):
      "\(path): \(reason)"
    }
  }
}

/// The limits of data sets. A file beyond them is refused before memory is allocated for it.
package enum DatasetLimits {
  package static let side = 512
  package static let classes = 256
  /// The maximum number of images in a training or test set, so that indices fit in 32 bits.
  package static let images = 1 << 28

  /// Checks class names, which are printed on terminals and stored one per line.
  package static func checkNames(_ names: [String], _ path: String) throws(DatasetError) {
    let isControl: (Unicode.Scalar) -> Bool = { $0.properties.generalCategory == .control }
    if let name = names.first(where: { $0.isEmpty || $0.unicodeScalars.contains(where: isControl) }) {
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
