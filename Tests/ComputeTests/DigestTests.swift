import Compute
import Testing

@Suite struct DigestTests {
  /// The test vector of FIPS 180-2, in two pieces.
  @Test func matchesKnownAnswer() {
    var digest = Digest()
    digest.update("a")
    digest.update("bc")
    let value = digest.finalize()
    #expect(value == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func tensorDigestDependsOnContentsButNotOnOrder() {
    let a = Tensor(name: "a", shape: [2], [Float(1), 2])
    let b = Tensor(name: "b", shape: [1, 2], [Float(1), 2])
    #expect(Tensor.digest(of: [a, b]) == Tensor.digest(of: [b, a]))
    let others = [
      Tensor(name: "c", shape: [2], [Float(1), 2]), Tensor(name: "a", shape: [1, 2], [Float(1), 2]),
      Tensor(name: "a", shape: [2], [Float(1), 3]),
    ]
    for other in others { #expect(Tensor.digest(of: [a]) != Tensor.digest(of: [other])) }
  }
}
