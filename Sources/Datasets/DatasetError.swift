/// Why a data set cannot be read or written. Each description names the file and says what was expected.
package enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// There is nothing at this path, or it cannot be opened.
  case missing(path: String, reason: String)
  /// The file is there but is not what it should be.
  case damaged(path: String, reason: String)
  /// Files that are fine by themselves do not fit each other.
  case inconsistent(path: String, reason: String)
  case cannotWrite(path: String, reason: String)

  package var description: String {
    switch self {
    case .missing(let path, let reason), .damaged(let path, let reason), .inconsistent(let path, let reason),
      .cannotWrite(let path, let reason):
      "\(path): \(reason)"
    }
  }
}

/// What Atelier accepts. A file that asks for more is refused before memory is taken for it.
package enum DatasetLimits {
  package static let side = 512
  package static let classes = 256
  /// Bytes of pixels in one set of images.
  package static let pixels = 16 << 30
}
