internal import Foundation

/// What went wrong with a file that Atelier reads or writes. Every case carries the path as the user gave it.
package enum FileError: Error, Equatable, CustomStringConvertible {
  /// There is no such file, or it may not be read.
  case unreadable(path: String, reason: String)
  /// It can be read, but its content is not what it must be.
  case damaged(path: String, reason: String)
  /// A file cannot be created there.
  case notCreated(path: String, reason: String)
  /// Writing failed on the way: the disk is full, for instance. What stood at the path before still does.
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

/// The operating system's words for the error that the last call left behind.
func systemErrorText() -> String { String(cString: strerror(errno)) }
