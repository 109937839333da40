import Compute
import Testing

@Suite struct FingerprintTests {
  private func fingerprint(_ bytes: [UInt8]) -> UInt64 {
    var fingerprint = Fingerprint()
    bytes.withUnsafeBytes { fingerprint.update($0) }
    return fingerprint.value
  }

  /// Includes changes that would cancel out in a sum, and bytes after the last whole word.
  @Test(arguments: [1, 8, 31, 32, 75]) func dependsOnEveryBitAndOnLength(count: Int) {
    let bytes = (0..<count).map { UInt8($0 % 251) }
    var known = [fingerprint(bytes), fingerprint(bytes + [0]), fingerprint([])]
    for bit in 0..<8 * count {
      var changed = bytes
      changed[bit / 8] ^= 1 << (bit % 8)
      known.append(fingerprint(changed))
    }
    for (first, second) in [(7, 39), (7, 71), (3, 7)] where second < count {
      var changed = bytes
      for place in [first, second] { changed[place] ^= 0x80 }
      known.append(fingerprint(changed))
    }
    #expect(Set(known).count == known.count)
  }
}
