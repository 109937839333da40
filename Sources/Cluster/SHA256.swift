internal import Compute
internal import Foundation

/// The 32 bytes of a SHA-256: what files and results are known by.
package struct SHA256: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  package init(of data: UnsafeRawBufferPointer) {
    var digest = Digest()
    digest.update(data)
    bytes = digest.finalizeBytes()
  }

  /// A name for something that is never sent, and need not be read through therefore.
  static func random() -> SHA256 { SHA256(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })! }

  package var description: String { Digest.hexadecimal(bytes) }
}
