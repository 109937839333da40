internal import Foundation

/// Why a data set cannot be read. Each description names the file and says what was expected.
package enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// There is nothing at this path, or it cannot be opened.
  case missing(path: String, reason: String)
  /// The file is there but is not what it should be.
  case damaged(path: String, reason: String)
  /// Files that are fine by themselves do not fit each other.
  case inconsistent(path: String, reason: String)

  package var isMissing: Bool { if case .missing = self { true } else { false } }

  package var description: String {
    switch self {
    case .missing(let path, let reason), .damaged(let path, let reason), .inconsistent(let path, let reason):
      "\(path): \(reason)"
    }
  }
}

/// What Atelier accepts. A file that asks for more is refused before memory is taken for it.
package enum DatasetLimits {
  package static let side = 512
  package static let classes = 256
  /// In one set, so that their numbers fit in 32 bits with room to spare.
  package static let images = 1 << 28

  /// Class names are shown on terminals and kept in files of lines.
  package static func checkNames(_ names: [String], _ path: String) throws(DatasetError) {
    let isControl: (Unicode.Scalar) -> Bool = { $0.properties.generalCategory == .control }
    if let name = names.first(where: { $0.isEmpty || $0.unicodeScalars.contains(where: isControl) }) {
      throw .damaged(
        path: path, reason: "names a class \(name.debugDescription); no name is empty or has control characters")
    }
    guard 1...classes ~= names.count, Set(names).count == names.count else {
      throw .damaged(
        path: path, reason: "holds \(names.count) class names; from 1 to \(classes) are read, each different")
    }
  }

  /// - Parameter byteCount: what the pixels of one set take.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if that is more than half of this machine's memory.
  static func checkMemory(_ byteCount: Int, _ path: String) throws(DatasetError) {
    let limit = Int(ProcessInfo.processInfo.physicalMemory / 2)
    guard byteCount <= limit else {
      throw .damaged(
        path: path, reason: "holds \(byteCount >> 20) MiB of pixels; this machine's memory allows \(limit >> 20) MiB")
    }
  }
}
