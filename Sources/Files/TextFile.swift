internal import Foundation

/// A text that the user gives as a file, which may be a pipe or a device such as `/dev/stdin`.
package enum TextFile {
  /// A device may never end.
  private static let maxBytes = 64 << 20

  /// Reads the text to its end.
  /// - Throws: ``FileError/unreadable(path:reason:)``; ``FileError/damaged(path:reason:)`` if it is not UTF-8, or too
  ///   long
  package static func read(_ path: String) throws(FileError) -> String {
    let file = OpenFiles.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(path: path, reason: systemErrorText()) }
    defer { close(file) }
    var bytes: [UInt8] = []
    while true {
      let part: [UInt8]
      do throws(SystemError) {
        part = try [UInt8](atMost: 1 << 16) { buffer throws(SystemError) in try FileTransfer.read(buffer, from: file) }
      } catch { throw .unreadable(path: path, reason: "\(error)") }
      if part.isEmpty { break }
      bytes += part
      guard bytes.count <= maxBytes else {
        throw .damaged(path: path, reason: "it is longer than \(maxBytes >> 20) MiB")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .damaged(path: path, reason: "it is not UTF-8 text")
    }
    return text
  }
}
