internal import Coordination
internal import SwiftProtobuf
internal import Transport

/// The files of the coordinator that workers may fetch in parts.
struct BlobServer {
  private var files: [(name: SHA256, bytes: [UInt8])] = []
  private static let kept = 4
  private static let largestPart = 4 << 20

  /// - Returns: the file's name.
  mutating func add(_ bytes: [UInt8]) -> SHA256 {
    let name = bytes.withUnsafeBytes { SHA256(of: $0) }
    if !files.contains(where: { $0.name == name }) {
      files.append((name, bytes))
      if files.count > Self.kept { files.removeFirst() }
    }
    return name
  }

  /// nil for a file that is not here, or a place that is not in it.
  func answer(_ request: BlobRequest) -> (part: BlobPart, body: Frame)? {
    guard let name = SHA256(bytes: request.digest), let bytes = files.first(where: { $0.name == name })?.bytes,
      request.offset < bytes.count, request.count > 0, request.count <= Self.largestPart
    else { return nil }
    let offset = Int(request.offset)
    let part = BlobPart.with {
      ($0.digest, $0.offset, $0.total) = (request.digest, request.offset, UInt64(bytes.count))
    }
    return (part, Frame(bytes[offset..<min(offset + Int(request.count), bytes.count)]))
  }
}
