package import Coordination
internal import Models
internal import SwiftProtobuf
package import Transport

/// The coordinator's files, which workers download in parts.
package struct BlobServer {
  private struct File {
    let name: SHA256
    let bytes: [UInt8]
  }

  private var recent = RecentBlobs<File>()
  /// Files that are kept until they are removed explicitly.
  private var pinned: [File] = []
  private static let maxPart = PartAssembly.partSize

  package init() {}

  /// - Parameter isPinned: Whether to keep the file until it is removed explicitly.
  /// - Returns: The file's name, which is its digest.
  package mutating func add(_ blob: Blob, isPinned: Bool = false) -> SHA256 {
    let bytes = blob.file.bytes
    let file = File(name: bytes.withUnsafeBytes { SHA256(of: $0) }, bytes: bytes)
    if isPinned {
      if !pinned.contains(where: { $0.name == file.name }) { pinned.append(file) }
    } else if !recent.all.contains(where: { $0.name == file.name }) {
      recent.add(file, for: blob)
    }
    return file.name
  }

  mutating func remove(_ name: SHA256) { pinned.removeAll { $0.name == name } }

  /// Returns the requested part, or nil for an invalid request. For an unknown file, the part is empty and has a total
  /// of 0, so that the worker does not wait for it.
  package func answer(_ request: BlobRequest) -> (part: BlobPart, body: Frame)? {
    guard let name = SHA256(bytes: request.digest),
      request.count > 0, request.count <= Self.maxPart
    else { return nil }
    guard let bytes = (recent.all + pinned).first(where: { $0.name == name })?.bytes else {
      return (BlobPart.with { $0.digest = request.digest }, Frame([]))
    }
    guard request.offset < bytes.count else { return nil }
    let offset = Int(request.offset)
    let part = BlobPart.with {
      ($0.digest, $0.offset, $0.total) = (request.digest, request.offset, UInt64(bytes.count))
    }
    return (part, Frame(bytes[offset..<min(offset + Int(request.count), bytes.count)]))
  }
}
