/// A 64-bit hash for comparing the data of two processes, computed at the speed of memory.
///
/// Any change of a single word changes the hash, because each word enters through bijections; other differences are
/// missed with a probability of about 2^-64. It does not protect against an adversary who chooses the bytes; see
/// ``checksum(of:)``.
package struct Fingerprint: Sendable, Equatable {
  /// The factors are odd, so multiplication by them is a bijection (primes of XXH64: Collet, 2014). Two multiplications
  /// with a fold between them spread every bit of a word over many bits of the state.
  private static let factor: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private var state: UInt64 = 0x27D4_EB2F_1656_67C5

  /// Creates the hash of no data.
  package init() {}

  package var value: UInt64 { state }

  package mutating func update(_ word: UInt64) { state = Self.mix(state, word) }

  private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* factor
    let folded = (product ^ product >> 32) &* second
    return folded << 29 | folded >> 35
  }

  /// Adds bytes and their number.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // Four independent chains run in parallel.
    var (a, b, c, d) = (state, state ^ 1, state ^ 2, state ^ 3)
    let whole = bytes.count / 32 * 32
    for offset in stride(from: 0, to: whole, by: 32) {
      a = Self.mix(a, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      b = Self.mix(b, bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
      c = Self.mix(c, bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
      d = Self.mix(d, bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
    }
    for offset in whole..<bytes.count { a = Self.mix(a, UInt64(bytes[offset])) }
    for word in [a, b, c, d, UInt64(bytes.count)] { update(word) }
  }

  package mutating func update<Element: BitwiseCopyable>(_ elements: some Collection<Element>) {
    let isDone: Void? = elements.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
    if isDone == nil { update(Array(elements)) }
  }

  package mutating func update<Element: BitwiseCopyable>(_ elements: UnsafeBufferPointer<Element>) {
    update(UnsafeRawBufferPointer(elements))
  }
}
