package import Coordination
internal import Foundation

/// Fetches one file in parts, and checks that it is what its name says. No clock, no socket.
package struct BlobDownload {
  package let name: SHA256
  private var parts: PartAssembly

  package static let partSize = PartAssembly.partSize

  package init(_ name: SHA256) {
    self.name = name
    parts = PartAssembly(digest: name.bytes)
  }

  /// What to ask for now.
  /// - Parameter timeout: after which a part that has not come is asked for again
  package mutating func requests(at now: Milliseconds, timeout: Milliseconds) -> [BlobRequest] {
    parts.requests(at: now, timeout: timeout)
  }

  /// A part has come. What does not fit is dropped.
  package mutating func take(_ part: BlobPart, _ content: UnsafeRawBufferPointer) { parts.take(part, content) }

  /// The whole file, once it is there. One that is not what its name says is fetched again from the beginning.
  package mutating func finish() -> [UInt8]? {
    guard let bytes = parts.takeBytes() else { return nil }
    parts = PartAssembly(digest: name.bytes)
    return bytes.withUnsafeBytes { SHA256(of: $0) } == name ? bytes : nil
  }
}
