import Evaluation
import Testing

@Suite struct ClassPriorityTests {
  /// Predictions with the given confusion matrix.
  private func predictions(_ confusion: [[Int]]) throws -> Predictions {
    let images = confusion.indices.flatMap { label in
      confusion[label].enumerated().flatMap { prediction, count in Array(repeating: (label, prediction), count: count) }
    }
    return try decided(images, classCount: confusion.count)
  }

  /// Recalls 0.9, 0.6, 0.88 and 0.95 of 100 images each.
  private let confusion = [[90, 10, 0, 0], [35, 60, 5, 0], [4, 4, 88, 4], [0, 0, 5, 95]]

  @Test func listsOnlyClearlyWorseClasses() throws {
    let found = ClassPriority.ranked(try predictions(confusion))
    #expect(found.map(\.label) == [1])
    let recall = ProportionInterval(60, of: 100)
    #expect(found[0].recall == recall && found[0].medianRecallOfOthers == 0.9)
    #expect(abs(found[0].gain - 0.25 * 0.3) < 1e-15)
    #expect(found[0].minGain == 0.25 * (0.9 - recall.upper) && found[0].maxGain == 0.25 * (0.9 - recall.lower))
    #expect(try throughJSON(found) == found)
  }

  /// Ten images each: the same fractions, but the interval of 6 of 10 extends to 0.83, and only that of 2 of 10 is low.
  @Test func fewImagesSupportFewerClasses() throws {
    #expect(ClassPriority.ranked(try predictions([[8, 2, 0], [4, 6, 0], [0, 2, 8]])).isEmpty)
    #expect(ClassPriority.ranked(try predictions([[8, 2, 0], [8, 2, 0], [0, 2, 8]])).map(\.label) == [1])
  }

  /// The second class has a lower recall, but the third has more images and therefore a larger gain.
  @Test func greatestGainIsFirst() throws {
    let found = ClassPriority.ranked(
      try predictions([[98, 2, 0, 0], [50, 50, 0, 0], [0, 0, 600, 400], [2, 0, 0, 98]]))
    #expect(found.map(\.label) == [2, 1])
  }

  @Test func ignoresClassesWithoutImages() throws {
    #expect(ClassPriority.ranked(try predictions([[50, 50], [0, 0]])).isEmpty)
    #expect(ClassPriority.ranked(try predictions([[50, 50, 0], [0, 100, 0], [0, 0, 0]])).map(\.label) == [0])
    #expect(ClassPriority.ranked(try predictions([[0, 0], [0, 0]])).isEmpty)
  }

  /// 45 of 67 errors are between the first two classes, far more than a sixth; the other pairs have at most 9.
  @Test func listsOnlyPairsWithDisproportionateErrors() throws {
    let found = PairPriority.ranked(try predictions(confusion))
    #expect(found.map { [$0.first, $0.second] } == [[0, 1]])
    #expect(found[0].firstAsSecond == 10 && found[0].secondAsFirst == 35)
    #expect(
      found[0].maxGain == ProportionInterval(45, of: 400) && found[0].fractionOfErrors == ProportionInterval(45, of: 67)
    )
    #expect(found[0].labelCandidates == nil)
    #expect(try throughJSON(found) == found)
  }

  @Test func listsLabelCandidatesOfThePair() throws {
    let quality = LabelQuality(
      outOfFold: try decided([(0, 0), (1, 1), (2, 2), (3, 3), (1, 0), (0, 2), (0, 1)], classCount: 4))
    #expect(quality.candidates.map(\.image) == [4, 5, 6])
    let found = PairPriority.ranked(try predictions(confusion), labelQuality: quality)
    #expect(found.map(\.labelCandidates) == [[4, 6]])
  }

  @Test func listsNothingForEqualPairsOrASinglePair() throws {
    #expect(PairPriority.ranked(try predictions([[90, 5, 5], [5, 90, 5], [5, 5, 90]])).isEmpty)
    #expect(PairPriority.ranked(try predictions([[50, 50], [50, 50]])).isEmpty)
    #expect(PairPriority.ranked(try predictions([[100, 0, 0], [0, 100, 0], [0, 0, 100]])).isEmpty)
    #expect(PairPriority.ranked(try predictions([[3]])).isEmpty)
  }
}
