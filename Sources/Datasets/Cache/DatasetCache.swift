internal import Files
internal import Foundation

/// A folder with the decoded images of data sets, so that they are decoded once.
///
/// An entry belongs to the state of the files (``InputState``) and to the options. Its content is checked by a digest
/// when it is read; damaged entries are ignored and replaced. Entries are written next to their place and renamed, so
/// that processes can share the folder. If the entries exceed ``limit``, those that have not been used for the longest
/// time are removed.
package struct DatasetCache: Sendable, Equatable {
  /// The environment variable with the folder of the cache, or `off`.
  package static let environmentVariable = "ATELIER_CACHE"
  /// The word that switches the cache off.
  package static let off = "off"
  package static let standardLimit = 4 << 30

  package let folder: String
  /// The maximum size of all entries in bytes.
  package let limit: Int
  /// Files that were changed more recently, in seconds, are not cached: file systems record times in steps of up to two
  /// seconds, and another change in the same step would not be seen.
  let leastAge: Double

  package init(folder: String, limit: Int = standardLimit, leastAge: Double = 2) {
    (self.folder, self.limit, self.leastAge) = (folder, limit, leastAge)
  }

  /// Returns the cache that the user chooses.
  /// - Parameter choice: a folder or `off`; nil for the value of the environment variable, and else for
  ///   `atelier/datasets` in the user's cache folder
  /// - Returns: nil if the cache is off, or the user has no cache folder.
  package static func chosen(
    _ choice: String? = nil, limit: Int = standardLimit,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    userFolder: String? = UserFolders.cache()
  ) -> DatasetCache? {
    let named = choice ?? environment[environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
    guard let folder = named ?? userFolder.map({ "\($0)/atelier/datasets" }), named != off else { return nil }
    return DatasetCache(folder: folder, limit: limit)
  }
}
