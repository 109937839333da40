import Datasets
import Testing

@Suite struct SplitTests {
  /// 100 of class 0, 50 of class 3, 10 of class 7, 1 of class 9, mixed.
  private let labels: [UInt8] = {
    var labels: [UInt8] = []
    for index in 0..<100 {
      labels.append(0)
      if index.isMultiple(of: 2) { labels.append(3) }
      if index.isMultiple(of: 10) { labels.append(7) }
    }
    return labels + [9]
  }()

  private func counts(_ indices: [Int]) -> [UInt8: Int] {
    Dictionary(grouping: indices) { labels[$0] }.mapValues(\.count)
  }

  @Test func holdOutIsStratifiedAndKeepsEveryClass() {
    let (kept, heldOut) = Split.holdOut(labels: labels, fraction: 0.2, seed: 1)
    #expect(counts(heldOut) == [0: 20, 3: 10, 7: 2])
    #expect((kept + heldOut).sorted() == Array(labels.indices))
    #expect(kept == kept.sorted() && heldOut == heldOut.sorted())
    #expect(Split.holdOut(labels: labels, fraction: 0, seed: 1).heldOut.isEmpty)
    #expect(counts(Split.holdOut(labels: labels, fraction: 0.999, seed: 1).kept) == [0: 1, 3: 1, 7: 1, 9: 1])
  }

  @Test(arguments: [2, 3, 5, 10]) func foldsAreStratified(count: Int) {
    let folds = Split.folds(labels: labels, count: count, seed: 1)
    #expect(folds.flatMap { $0 }.sorted() == Array(labels.indices))
    for label in [UInt8(0), 3, 7, 9] {
      let shares = folds.map { counts($0)[label] ?? 0 }
      #expect(shares.max()! - shares.min()! <= 1)
    }
    let sizes = folds.map(\.count)
    #expect(sizes.max()! - sizes.min()! <= 1)
  }

  @Test func foldsDependOnSeed() {
    #expect(Split.folds(labels: labels, count: 3, seed: 1) == Split.folds(labels: labels, count: 3, seed: 1))
    #expect(Split.folds(labels: labels, count: 3, seed: 1) != Split.folds(labels: labels, count: 3, seed: 2))
  }
}
