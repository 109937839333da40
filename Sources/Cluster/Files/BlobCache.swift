internal import Files
internal import Foundation
internal import Transport

/// The folder in which a worker looks for a file before it downloads it.
package struct BlobCache: Sendable {
  package let folder: String
  /// Whether this is the coordinator's own folder: writable for no other user, and removed with the coordinator.
  private let isCoordinators: Bool

  /// Creates a cache that reads what a coordinator on this host writes for its local workers.
  package init(coordinatorFolder: String) { (folder, isCoordinators) = (coordinatorFolder, true) }

  /// Creates a cache of downloaded files in the user's cache folder.
  /// - Parameter base: The user's cache folder; nil if there is none, and then there is no cache.
  package init?(base: String? = UserFolders.cache()) {
    guard let base else { return nil }
    (folder, isCoordinators) = (base + "/atelier", false)
  }

  /// Returns the content of a file if its digest matches its name. A file that does not match is removed.
  package func load(_ name: SHA256) -> [UInt8]? {
    let path = "\(folder)/\(name)"
    guard let bytes = Self.read(path) else { return nil }
    if isCoordinators { return bytes }
    if bytes.withUnsafeBytes({ SHA256(of: $0) }) == name { return bytes }
    unlink(path)
    return nil
  }

  /// Opens with O_NONBLOCK, which has no effect on files, so that a pipe of this name cannot block the worker.
  private static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
    let size = Int(information.st_size)
    let bytes = try? [UInt8](atMost: size) { buffer throws(SystemError) in try FileTransfer.read(buffer, from: file) }
    return bytes?.count == size ? bytes : nil
  }

  package var isWritable: Bool {
    makeFolder()
    return access(folder, W_OK) == 0
  }

  /// Saves the file. Failures are ignored: a worker works without a cache as well.
  package func save(_ bytes: [UInt8], _ name: SHA256) {
    if isCoordinators { return }
    makeFolder()
    // An existing entry could not be loaded. A link or pipe would be written through, and a pipe without a reader
    // blocks.
    unlink("\(folder)/\(name)")
    try? FileReplacement.write([bytes], to: "\(folder)/\(name)", mode: 0o600)
  }

  /// Makes the folder, accessible to this user only, because the files may be private images.
  private func makeFolder() {
    if isCoordinators { return }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o700)
  }
}
