package import Compute
internal import Foundation

/// The content of a safetensors file: tensors, and text about them.
package struct SafetensorsFile: Sendable, Equatable {
  package let metadata: [String: String]
  /// Names are unique.
  package let tensors: [Tensor]

  package init(metadata: [String: String], tensors: [Tensor]) {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have one name")
    precondition(!tensors.contains { $0.name == "__metadata__" }, "the format reserves the name __metadata__")
    (self.metadata, self.tensors) = (metadata, SafetensorsHeader.canonicalOrder(tensors))
  }

  /// Writes the file whole, or leaves what is at `path` as it was. The same content always gives the same bytes.
  package func write(to path: String) throws(FileError) {
    let header = SafetensorsHeader(metadata: metadata, tensors: tensors)
    try FileReplacement.write([header.encoded()] + tensors.map(\.bytes), to: path)
  }

  /// Reads a file from front to end. Nothing is allocated beyond the file's length, and no tensor before the header is checked.
  ///
  /// - Throws: ``FileError/unreadable(path:reason:)``, ``FileError/damaged(path:reason:)``
  package init(path: String) throws(FileError) {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .unreadable(path: path, reason: systemErrorText()) }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "it is not a regular file")
    }
    let fileLength = Int(information.st_size)
    let header: SafetensorsHeader
    do throws(SafetensorsFailure) {
      let firstBytes = try Self.read(min(8, fileLength), from: file)
      let headerLength = try SafetensorsHeader.length(firstBytes: firstBytes, fileLength: fileLength)
      let json = try Self.read(headerLength, from: file)
      header = try SafetensorsHeader(json: json, dataLength: fileLength - 8 - headerLength)
      var tensors: [Tensor] = []
      for entry in header.entries {
        let bytes = try Self.read(entry.byteCount, from: file)
        tensors.append(Tensor(name: entry.name, shape: entry.shape, elementType: entry.elementType, bytes: bytes))
      }
      self.init(metadata: header.metadata, tensors: tensors)
    } catch {
      throw .damaged(path: path, reason: error.reason)
    }
  }

  /// The next `count` bytes.
  private static func read(_ count: Int, from file: Int32) throws(SafetensorsFailure) -> [UInt8] {
    var done = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while done < count {
        let step = Foundation.read(file, buffer.baseAddress! + done, count - done)
        if step < 0, errno == EINTR { continue }
        if step <= 0 { break }
        done += step
      }
      initialized = done
    }
    guard done == count else { throw SafetensorsFailure(reason: "only \(done) of \(count) bytes could be read") }
    return bytes
  }
}
