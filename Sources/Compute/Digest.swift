internal import CSodium

/// SHA-256, fed piece by piece (libsodium's).
package struct Digest: ~Copyable {
  private var state = crypto_hash_sha256_state()

  /// Of nothing yet.
  package init() { crypto_hash_sha256_init(&state) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    crypto_hash_sha256_update(&state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  package mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of all that was fed, as 64 hexadecimal digits.
  package consuming func finalize() -> String { Self.hexadecimal(finalizeBytes()) }

  /// The same as 32 bytes.
  package consuming func finalizeBytes() -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &hash)
    return hash
  }

  package static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// BLAKE2b (32 bytes; Aumasson and others, 2013), libsodium's: tells results apart three times as fast as SHA-256 would.
package func checksum(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
  var hash = [UInt8](repeating: 0, count: Int(crypto_generichash_BYTES))
  crypto_generichash(
    &hash, hash.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count), nil, 0)
  return hash
}
