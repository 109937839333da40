internal import CSodium

/// SHA-256 of data that arrives in pieces, computed by libsodium.
package struct Digest: ~Copyable {
  private var state = crypto_hash_sha256_state()

  package init() { crypto_hash_sha256_init(&state) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    crypto_hash_sha256_update(&state, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  package mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// Returns the digest of all pieces, as 64 hexadecimal digits.
  package consuming func finalize() -> String { Self.hexadecimal(finalizeBytes()) }

  /// Returns the digest of all pieces, as 32 bytes.
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

/// Returns the BLAKE2b hash (32 bytes; Aumasson et al., 2013), computed by libsodium: three times as fast as SHA-256,
/// for comparing results.
package func checksum(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
  var hash = [UInt8](repeating: 0, count: Int(crypto_generichash_BYTES))
  crypto_generichash(
    &hash, hash.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count), nil, 0)
  return hash
}
