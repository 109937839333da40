package import Compute
package import Files
internal import Foundation

/// The content of a safetensors file: tensors and metadata.
package struct SafetensorsFile: Sendable, Equatable {
  package let metadata: [String: String]
  /// Names are unique.
  package let tensors: [Tensor]

  package init(metadata: [String: String], tensors: [Tensor]) {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have one name")
    precondition(!tensors.contains { $0.name == "__metadata__" }, "the format reserves the name __metadata__")
    (self.metadata, self.tensors) = (metadata, SafetensorsHeader.canonicalOrder(tensors))
  }

  /// The bytes of the file, in consecutive pieces. The same content always gives the same bytes.
  package var pieces: [[UInt8]] {
    [SafetensorsHeader(metadata: metadata, tensors: tensors).encoded()] + tensors.map(\.bytes)
  }

  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
    for piece in pieces { bytes += piece }
    return bytes
  }

  /// - Parameter name: the name of the file in errors
  /// - Throws: ``FileError/damaged(path:reason:)``
  package init(bytes: UnsafeRawBufferPointer, name: String) throws(FileError) {
    var rest = bytes[...]
    do throws(SafetensorsFailure) {
      try self.init(length: bytes.count) { count throws(SafetensorsFailure) in
        guard count <= rest.count else {
          throw SafetensorsFailure(reason: "only \(rest.count) of \(count) bytes are left")
        }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
    } catch {
      throw .damaged(path: name, reason: error.reason)
    }
  }

  /// Writes the file atomically: on failure, an earlier file at `path` is unchanged.
  package func write(to path: String) throws(FileError) {
    try FileReplacement.write(pieces, to: path)
  }

  /// Reads a file sequentially. Allocates no more than the file's length, and no tensor before the header is checked.
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
    do throws(SafetensorsFailure) {
      try self.init(length: fileLength) { count throws(SafetensorsFailure) in try Self.read(count, from: file) }
    } catch {
      throw .damaged(path: path, reason: error.reason)
    }
  }

  /// - Parameters:
  ///   - length: the number of bytes of the file
  ///   - read: returns the next `count` bytes
  private init(
    length: Int, read: (_ count: Int) throws(SafetensorsFailure) -> [UInt8]
  ) throws(SafetensorsFailure) {
    let firstBytes = try read(min(8, length))
    let headerLength = try SafetensorsHeader.length(firstBytes: firstBytes, fileLength: length)
    let header = try SafetensorsHeader(json: try read(headerLength), dataLength: length - 8 - headerLength)
    var tensors: [Tensor] = []
    for entry in header.entries {
      let bytes = try read(entry.byteCount)
      tensors.append(Tensor(name: entry.name, shape: entry.shape, elementType: entry.elementType, bytes: bytes))
    }
    self.init(metadata: header.metadata, tensors: tensors)
  }

  /// Reads the next `count` bytes.
  private static func read(_ count: Int, from file: Int32) throws(SafetensorsFailure) -> [UInt8] {
    let found: [UInt8]
    do throws(SystemError) {
      found = try [UInt8](atMost: count) { buffer throws(SystemError) in try FileTransfer.read(buffer, from: file) }
    } catch {
      throw SafetensorsFailure(reason: "the file cannot be read: \(error)")
    }
    guard found.count == count else {
      throw SafetensorsFailure(reason: "only \(found.count) of \(count) bytes could be read")
    }
    return found
  }
}
