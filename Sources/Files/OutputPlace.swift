internal import Foundation

/// The destination of an output path. All options that write a file use it.
package enum OutputPlace: Equatable, Sendable {
  /// A regular file, or a path without a file. Symbolic links are resolved, so a link stays and its target is replaced.
  case file(String)
  /// An open descriptor of this process (`/dev/stdout`, `/dev/fd/3`, process substitution), which is written to
  /// directly. A file that a shell opened with `>>` is appended to.
  case descriptor(Int32)
  /// A device, a FIFO, or a descriptor of another process, which is opened and written to.
  case special(String)

  package init(_ path: String) {
    var place = path
    for _ in 0..<32 {
      switch Self.descriptor(place) {
      case .own(let number): self = .descriptor(number)
      case .others: self = .special(place)
      case nil:
        guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: place) else {
          self = Self.isSpecial(place) ? .special(place) : .file(place)
          return
        }
        let folder = place.lastIndex(of: "/").map { place[...$0] } ?? ""
        place = next.hasPrefix("/") ? next : folder + next
        continue
      }
      return
    }
    // Links that form a loop cannot be resolved; opening the path reports that.
    self = .file(path)
  }

  /// Whether the destination is a file, which is replaced as a whole.
  package var isFile: Bool { if case .file = self { true } else { false } }

  private enum Descriptor {
    case own(Int32)
    case others
  }

  /// Returns the descriptor that a path names; nil for all other paths. `/dev/fd` is a link to `/proc/self/fd`, where
  /// `self` is a link to the number of the process.
  private static func descriptor(_ path: String) -> Descriptor? {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    guard let number = Int32(name), number >= 0, let real = realpath(folder, nil) else { return nil }
    defer { free(real) }
    let words = String(cString: real).split(separator: "/").map(String.init)
    guard words.count >= 3, words.first == "proc", words.last == "fd" else { return nil }
    return words[1] == "\(getpid())" ? .own(number) : .others
  }

  private static func isSpecial(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && ![S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT)
  }

  // MARK: Opening

  /// Opens a destination that is written to directly.
  /// - Returns: a copy of the descriptor, or an open device or FIFO, which the caller closes; nil for a file
  /// - Throws: ``FileError/notCreated(path:reason:)``
  package func open(as path: String) throws(FileError) -> Int32? {
    let file: Int32
    switch self {
    case .file: return nil
    // The copy shares position and mode with the original, so output continues after what was printed.
    case .descriptor(let number): file = fcntl(number, F_DUPFD_CLOEXEC, 3)
    case .special(let place): file = Foundation.open(place, O_WRONLY | O_APPEND | O_CLOEXEC)
    }
    guard file >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
    return file
  }

  /// Checks a destination that is written to directly.
  /// - Throws: ``FileError/notCreated(path:reason:)`` if a device, FIFO or descriptor is not writable.
  func checkIsWritable(as path: String) throws(FileError) {
    switch self {
    case .file: return
    case .descriptor(let number):
      let mode = fcntl(number, F_GETFL)
      guard mode >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
      guard mode & O_ACCMODE != O_RDONLY else {
        throw .notCreated(path: path, reason: "descriptor \(number) is open for reading only")
      }
    case .special(let place):
      guard access(place, W_OK) == 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
    }
  }
}
