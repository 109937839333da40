import Models
import Selection
import Testing

@Suite struct KnownFitsTests {
  private func known(_ digest: String = "d", _ splits: DataSplits = .folds(3), seed: UInt64 = 7) -> KnownFits {
    KnownFits(dataDigest: digest, splits: splits, seed: seed)
  }

  /// The results of one group whose members have these scores.
  private func results(_ scores: [Double]) -> FitResults {
    var results = FitResults()
    results.add(scores.map { (FitOutcome(scores: ["accuracy": $0]), FitTime(fitSeconds: $0, scoreSeconds: 2)) })
    return results
  }

  @Test func storedFitsAreFoundByMemberAndSplit() throws {
    var known = known()
    let keys = ["3", "5"].map { known.key(["neighbors": $0], of: "knn", images: nil) }
    let entry = KnownFits.Entry(keys, split: 1, results([0.25, 0.5]))
    #expect(KnownFits.Entry([keys[0]], split: 1, results([1])).key == entry.key, "the key of the first member")
    #expect(KnownFits.Entry(keys.reversed(), split: 1, results([1, 1])).key != entry.key)
    #expect(KnownFits.Entry(keys, split: 2, results([1, 1])).key != entry.key)
    #expect(known[keys[0], 1] == nil)
    known.add(entry.payload)
    for (key, score) in zip(keys, [0.25, 0.5]) {
      let fit = try #require(known[key, 1])
      #expect(fit.outcome == FitOutcome(scores: ["accuracy": score]))
      #expect(fit.time == FitTime(fitSeconds: score, scoreSeconds: 2))
      #expect(known[key, 0] == nil && known[key, 2] == nil)
    }
  }

  @Test func keyDependsOnEverythingThatDeterminesAFit() {
    let settings = ["neighbors": "3", "metric": "cosine"]
    let key = known().key(settings, of: "knn", images: 10)
    #expect(known().key(["metric": "cosine", "neighbors": "3"], of: "knn", images: 10) == key)
    let others = [
      known("e").key(settings, of: "knn", images: 10), known("d", .folds(4)).key(settings, of: "knn", images: 10),
      known("d", .holdOut(0.3)).key(settings, of: "knn", images: 10),
      known(seed: 8).key(settings, of: "knn", images: 10), known().key(settings, of: "tree", images: 10),
      known().key(settings, of: "knn", images: 11), known().key(settings, of: "knn", images: nil),
      known().key(["neighbors": "4", "metric": "cosine"], of: "knn", images: 10),
      known().key(["neighbors": "3"], of: "knn", images: 10),
    ]
    #expect(Set(others + [key]).count == others.count + 1)
  }

  @Test func rejectsDamagedPayloads() {
    var known = known()
    let keys = ["3", "5"].map { known.key(["neighbors": $0], of: "knn", images: nil) }
    let payload = KnownFits.Entry(keys, split: 0, results([0.25, 0.5])).payload
    // One key too few, and one too many.
    let others = [[keys[0]], keys + ["more"]].map { KnownFits.Entry($0, split: 0, results([0.25, 0.5])).payload }
    for damaged in payload.indices.map({ Array(payload[..<$0]) }) + others {
      let wasAdded = known.add(damaged)
      #expect(!wasAdded)
    }
    #expect(keys.allSatisfy { known[$0, 0] == nil })
    let wasAdded = known.add(payload)
    #expect(wasAdded)
    #expect(keys.allSatisfy { known[$0, 0] != nil })
  }
}
