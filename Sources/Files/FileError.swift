/// An error of a file that Atelier reads or writes. Each case contains the path as the user gave it.
package enum FileError: Error, Equatable, CustomStringConvertible {
  /// The file does not exist or is not readable.
  case unreadable(path: String, reason: String)
  /// The file is readable, but its content is invalid.
  case damaged(path: String, reason: String)
  /// The file cannot be created.
  case notCreated(path: String, reason: String)
  /// Writing failed, for example because the disk is full. An earlier file at the path is unchanged.
  case notWritten(path: String, reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
    case .damaged(let path, let reason): "\(path) is not a file that Atelier can use: \(reason)"
    case .notCreated(let path, let reason): "cannot create \(path): \(reason)"
    case .notWritten(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}
