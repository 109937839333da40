internal import Foundation
package import Models

/// Files that a coordinator puts beside its address, for its local workers: nothing is sent through a socket or read through for a digest.
package struct BlobFolder {
  private let path: String
  private var images: [String] = []
  private var files: [String] = []
  private var checkpoints: [String] = []

  /// Older ones go: each job is about two at most, and a checkpoint soon has a successor.
  private static let kept = 4

  package init(path: String) { self.path = path }

  /// - Parameters:
  ///   - name: which has not been there yet
  ///   - isPinned: until it is removed
  /// - Throws: ``FileError/notCreated(path:reason:)``, ``FileError/notWritten(path:reason:)``; then no part of the file is left
  package mutating func add(_ blob: Blob, name: SHA256, isPinned: Bool = false) throws(FileError) {
    let file = "\(path)/\(name)"
    try Self.write(blob.file.pieces, to: file)
    if isPinned { return }
    switch blob {
    case .images: Self.add(file, to: &images, keeping: Blob.keptImages)
    case .checkpoint: Self.add(file, to: &checkpoints, keeping: Self.kept)
    case .model, .groups: Self.add(file, to: &files, keeping: Self.kept)
    }
  }

  func remove(_ name: SHA256) { unlink("\(path)/\(name)") }

  private static func add(_ file: String, to list: inout [String], keeping kept: Int) {
    list.append(file)
    if list.count > kept { unlink(list.removeFirst()) }
  }

  /// Not flushed to the disk: it need not outlive the process.
  private static func write(_ pieces: [[UInt8]], to path: String) throws(FileError) {
    let file = OpenFiles.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .notCreated(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    for piece in pieces {
      var done = 0
      while done < piece.count {
        let count = piece.withUnsafeBytes { Foundation.write(file, $0.baseAddress! + done, $0.count - done) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          let reason = String(cString: strerror(errno))
          unlink(path)
          throw .notWritten(path: path, reason: "\(reason); TMPDIR names another folder for such files")
        }
        done += count
      }
    }
  }
}
