internal import Foundation
internal import Models
internal import Transport

/// Where a worker looks for a file before it fetches it.
package struct BlobCache: Sendable {
  package let folder: String
  /// Whether it is the coordinator's own folder, which no other user can write to, and which goes with the coordinator.
  private let isCoordinators: Bool

  /// The folder of a coordinator on this machine, whose local workers read what it has written.
  package init(coordinatorFolder: String) { (folder, isCoordinators) = (coordinatorFolder, true) }

  /// What was fetched before, kept under the user's cache folder.
  /// - Parameter base: the user's folder of caches; nil, where there is none, gives no cache.
  package init?(base: String? = UserFolders.cache()) {
    guard let base else { return nil }
    (folder, isCoordinators) = (base + "/atelier", false)
  }

  /// The file, if it is there and is what its name says. One that is not is removed.
  package func load(_ name: SHA256) -> [UInt8]? {
    let path = "\(folder)/\(name)"
    guard let bytes = Self.read(path) else { return nil }
    if isCoordinators { return bytes }
    if bytes.withUnsafeBytes({ SHA256(of: $0) }) == name { return bytes }
    unlink(path)
    return nil
  }

  /// A pipe would be waited for without end: hence O_NONBLOCK, which changes nothing about files.
  private static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
    let size = Int(information.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, case let step = Foundation.read(file, buffer.baseAddress! + count, size - count), step > 0 {
        count += step
      }
    }
    return bytes.count == size ? bytes : nil
  }

  package var isWritable: Bool {
    makeFolder()
    return access(folder, W_OK) == 0
  }

  /// Keeps the file, if there is room: a cache that cannot be written is no reason not to work.
  package func save(_ bytes: [UInt8], _ name: SHA256) {
    if isCoordinators { return }
    makeFolder()
    // What stands there could not be loaded. A pipe or a link would be written into, and a pipe that nobody reads waited for without end.
    unlink("\(folder)/\(name)")
    try? FileReplacement.write([bytes], to: "\(folder)/\(name)", mode: 0o600)
  }

  /// For this user's eyes only: the files may be images of others.
  private func makeFolder() {
    if isCoordinators { return }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o700)
  }
}
