internal import Compute
internal import Foundation

/// The state of the files that a data set depends on: the names, sizes, identities and times of the files and folders,
/// as a digest.
///
/// The system sets the time of a file's last change (`ctime`) whenever its content, its size, or its modification time
/// is changed, and programs cannot set it. So a changed file changes the digest, even if it has the same size and
/// modification time as before.
struct InputState: ~Copyable {
  private var digest = Digest()
  /// The latest change of a file or folder, in seconds since 1970.
  private(set) var latestChange = 0.0
  private var visited: Set<[UInt64]> = []

  /// Adds a file, or a folder with all that is in it; symbolic links are followed. Hidden folders are not entered, as
  /// readers do not enter them.
  mutating func add(_ name: FileName) { add(name, state: name.status) }

  private mutating func add(_ name: FileName, state status: stat?) {
    guard let status else { return add(name, []) }
    let (change, modification) = (status.st_ctim, status.st_mtim)
    latestChange = max(latestChange, Double(change.tv_sec) + Double(change.tv_nsec) * 1e-9)
    add(
      name,
      [
        Int(status.st_mode & S_IFMT), Int(truncatingIfNeeded: status.st_dev), Int(truncatingIfNeeded: status.st_ino),
        Int(status.st_size), modification.tv_sec, modification.tv_nsec, change.tv_sec, change.tv_nsec,
      ])
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    guard isFolder, visited.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else { return }
    let entries = name.allEntries ?? []
    let folder = name.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { if folder >= 0 { close(folder) } }
    for entry in entries {
      guard !entry.isHidden else {
        add(entry, [])
        continue
      }
      let path = name / entry
      add(path, state: folder >= 0 ? entry.status(in: folder) : path.status)
    }
    add(name, [entries.count])
  }

  /// Adds a name and numbers, with their counts.
  private mutating func add(_ name: FileName, _ numbers: [Int]) {
    ([name.bytes.count, numbers.count] + numbers).withUnsafeBytes { digest.update($0) }
    name.bytes.withUnsafeBytes { digest.update($0) }
  }

  consuming func finalize() -> String { digest.finalize() }
}
