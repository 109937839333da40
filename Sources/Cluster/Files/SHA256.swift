internal import Compute
internal import Foundation

/// The 32 bytes of a SHA-256 digest, which identify files and results.
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

  /// Returns a name for data that is never sent, and therefore need not be hashed.
  static func random() -> SHA256 { SHA256(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })! }

  package var description: String { Digest.hexadecimal(bytes) }
}
