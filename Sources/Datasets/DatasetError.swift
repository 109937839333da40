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
