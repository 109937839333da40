package import Coordination
internal import Foundation

/// Downloads one file in parts and checks its digest. Uses no clock and no socket.
package struct BlobDownload {
  package let name: SHA256
  private var parts: PartAssembly

  package static let partSize = PartAssembly.partSize

  package init(_ name: SHA256) {
    self.name = name
    parts = PartAssembly(digest: name.bytes)
  }

  /// Returns the requests to send now.
  /// - Parameter timeout: Milliseconds after which a part that has not arrived is requested again.
  package mutating func requests(at now: Milliseconds, timeout: Milliseconds) -> [BlobRequest] {
    parts.requests(at: now, timeout: timeout)
  }

  /// Adds a part that has arrived. A part that does not fit is dropped.
  package mutating func take(_ part: BlobPart, _ content: UnsafeRawBufferPointer) { parts.take(part, content) }

  /// Returns the file once all parts have arrived. If its digest does not match, the download starts again.
  package mutating func finish() -> [UInt8]? {
    guard let bytes = parts.takeBytes() else { return nil }
    parts = PartAssembly(digest: name.bytes)
    return bytes.withUnsafeBytes { SHA256(of: $0) } == name ? bytes : nil
  }
}
