internal import ArgumentParser
internal import Foundation
internal import Models

/// The files that a command reads and writes: none may be another one, by whatever path or link it is named.
enum DistinctFiles {
  /// - Parameter files: what the user calls each, and its path; nil and `-` are none. Devices and pipes may serve several
  ///   purposes, and so may descriptors (`/dev/stdout`): one line follows the other there. But what a descriptor leads to
  ///   is no other option's file.
  /// - Throws: `ValidationError`, if two are the same
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

  /// What a path leads to: the file that is there, or the place of one that is not yet.
  private struct Identity: Hashable {
    private let device: UInt
    private let number: UInt
    /// Within that folder, where there is no file yet.
    private let name: String

    init?(_ path: String) {
      // A link to a place where no file is yet is that place.
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
