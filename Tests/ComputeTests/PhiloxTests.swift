import Compute
import Testing

@Suite struct PhiloxTests {
  /// Known answers of Random123, the authors' library (file kat_vectors, philox4x32 with 10 rounds).
  @Test func matchesKnownAnswers() {
    #expect(
      Philox.block(counter: .zero, key: .zero) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func boundedIntegersAreUniform() {
    var sequence = RandomSequence(seed: 1, .test)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[Int(sequence.next(below: 7))] += 1 }
    // Each count has mean 10,000 and standard deviation 93; allow five standard deviations.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 465 })
  }

  @Test func shuffleIsPermutationThatDependsOnSeed() {
    func shuffled(_ seed: UInt64) -> [Int] {
      var sequence = RandomSequence(seed: seed, .test)
      var elements = Array(0..<100)
      sequence.shuffle(&elements)
      return elements
    }
    #expect(shuffled(3).sorted() == Array(0..<100))
    #expect(shuffled(3) == shuffled(3))
    #expect(shuffled(3) != shuffled(4))
  }
}
