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

  private var images: [File] = []
  private var files: [File] = []
  /// Checkpoints of the current training, which are replaced soon.
  private var checkpoints: [File] = []
  /// Files that are kept until they are removed explicitly.
  private var pinned: [File] = []
  private static let kept = 4
  private static let maxPart = PartAssembly.partSize

  package init() {}

  /// - Parameter isPinned: Whether to keep the file until it is removed explicitly.
  /// - Returns: The file's name, which is its digest.
  package mutating func add(_ blob: Blob, isPinned: Bool = false) -> SHA256 {
    let bytes = blob.file.bytes
    if isPinned { return Self.add(bytes, to: &pinned, keeping: .max) }
    switch blob {
    case .images: return Self.add(bytes, to: &images, keeping: Blob.keptImages)
    case .checkpoint: return Self.add(bytes, to: &checkpoints, keeping: Self.kept)
    case .model, .groups: return Self.add(bytes, to: &files, keeping: Self.kept)
    }
  }

  mutating func remove(_ name: SHA256) { pinned.removeAll { $0.name == name } }

  private static func add(_ bytes: [UInt8], to list: inout [File], keeping kept: Int) -> SHA256 {
    let name = bytes.withUnsafeBytes { SHA256(of: $0) }
    if !list.contains(where: { $0.name == name }) {
      list.append(File(name: name, bytes: bytes))
      if list.count > kept { list.removeFirst() }
    }
    return name
  }

  /// Returns the requested part, or nil for an invalid request. For an unknown file, the part is empty and has a total
  /// of 0, so that the worker does not wait for it.
  package func answer(_ request: BlobRequest) -> (part: BlobPart, body: Frame)? {
    guard let name = SHA256(bytes: request.digest),
      request.count > 0, request.count <= Self.maxPart
    else { return nil }
    guard let bytes = (images + files + checkpoints + pinned).first(where: { $0.name == name })?.bytes else {
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
