package import Files
internal import Foundation
internal import Models

/// The files that a coordinator writes for its local workers, in the folder of its socket: they are neither sent
/// through a socket nor hashed.
package struct BlobFolder {
  private let path: String
  /// The paths of the files that are not pinned.
  private var files = RecentBlobs<String>()

  package init(path: String) { self.path = path }

  /// - Parameters:
  ///   - name: A name that has not been used before.
  ///   - isPinned: Whether to keep the file until it is removed explicitly.
  /// - Throws: ``FileError/notCreated(path:reason:)``, ``FileError/notWritten(path:reason:)``; no partial file is left.
  package mutating func add(_ blob: Blob, name: SHA256, isPinned: Bool = false) throws(FileError) {
    let file = "\(path)/\(name)"
    try Self.write(blob.file.pieces, to: file)
    if !isPinned, let old = files.add(file, for: blob) { unlink(old) }
  }

  func remove(_ name: SHA256) { unlink("\(path)/\(name)") }

  /// Writes a file without flushing it to the disk, since it need not outlive the process.
  private static func write(_ pieces: [[UInt8]], to path: String) throws(FileError) {
    let file = OpenFiles.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
    defer { close(file) }
    do throws(SystemError) {
      for piece in pieces { try FileTransfer.write(piece, to: file) }
    } catch {
      unlink(path)
      throw .notWritten(path: path, reason: "\(error); set TMPDIR to a folder with more space")
    }
  }
}
