/// A number of 64 bits that follows from bytes: tells whether two processes hold the same, at the speed of memory.
///
/// Any change of a single word changes it for certain, since each word enters by bijections; other differences go unseen once in about 2^64
/// times. It is no defense against an adversary who can choose the bytes: see ``checksum(of:)``.
package struct Fingerprint: Sendable, Equatable {
  /// Odd, so that multiplication by them is a bijection (the primes of XXH64: Collet, 2014). Two multiplications with a fold
  /// between them let every bit of a word reach many bits of the state.
  private static let factor: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private var state: UInt64 = 0x27D4_EB2F_1656_67C5

  /// Of nothing yet.
  package init() {}

  package var value: UInt64 { state }

  package mutating func update(_ word: UInt64) { state = Self.mix(state, word) }

  private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* factor
    let folded = (product ^ product >> 32) &* second
    return folded << 29 | folded >> 35
  }

  /// Adds bytes, and how many they are.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // Four chains that do not wait for each other.
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
