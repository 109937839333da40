internal import ArgumentParser
internal import Files
internal import Foundation

/// Checks that the files that a command reads and writes are distinct, whatever paths or links lead to them.
enum DistinctFiles {
  /// Devices, pipes and descriptors (`/dev/stdout`) may be used by several options, because lines are appended to them.
  /// But a file that a descriptor refers to must not be another option's file.
  /// - Parameter files: the option of each file, and its path; nil and `-` are skipped
  /// - Throws: `ValidationError` if two are the same
  static func check(_ files: KeyValuePairs<String, String?>) throws {
    var known: [Identity: (name: String, isFile: Bool)] = [:]
    for (name, path) in files {
      guard let path, path != "-", let identity = Identity(path) else { continue }
      let isFile = OutputPlace(path).isFile
      if let other = known.updateValue((name, isFile), forKey: identity), isFile || other.isFile {
        throw ValidationError("\(other.name) and \(name) name the same file")
      }
    }
  }

  /// The identity of an existing file, or the folder and name of one that does not exist yet.
  private struct Identity: Hashable {
    private let device: UInt
    private let number: UInt
    /// The name within the folder, if the file does not exist yet; else empty.
    private let name: String

    init?(_ path: String) {
      // A link to a file that does not exist yet stands for that file.
      let path = if case .file(let place) = OutputPlace(path) { place } else { path }
      if let file = Self.status(path) {
        guard file.st_mode & S_IFMT == S_IFREG else { return nil }
        (device, number, name) = (UInt(file.st_dev), UInt(file.st_ino), "")
      } else {
        let url = URL(fileURLWithPath: path)
        guard let folder = Self.status(url.deletingLastPathComponent().path) else { return nil }
        (device, number, name) = (UInt(folder.st_dev), UInt(folder.st_ino), url.lastPathComponent)
      }
    }

    private static func status(_ path: String) -> stat? {
      var information = stat()
      return stat(path, &information) == 0 ? information : nil
    }
  }
}
