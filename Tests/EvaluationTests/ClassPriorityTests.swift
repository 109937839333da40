import Evaluation
import Testing

@Suite struct ClassPriorityTests {
  /// Predictions that give the confusion matrix.
  private func predictions(_ confusion: [[Int]]) throws -> Predictions {
    let images = confusion.indices.flatMap { label in
      confusion[label].enumerated().flatMap { prediction, count in Array(repeating: (label, prediction), count: count) }
    }
    return try decided(images, classCount: confusion.count)
  }

  /// Recalls 0.9, 0.6, 0.88 and 0.95 of 100 images each.
  private let confusion = [[90, 10, 0, 0], [35, 60, 5, 0], [4, 4, 88, 4], [0, 0, 5, 95]]

  @Test func onlyAClassThatIsClearlyWorseIsToBePhotographed() throws {
    let found = ClassPriority.toPhotograph(try predictions(confusion))
    #expect(found.map(\.label) == [1])
    let recall = ProportionInterval(60, of: 100)
    #expect(found[0].recall == recall && found[0].medianRecallOfOthers == 0.9)
    #expect(abs(found[0].gain - 0.25 * 0.3) < 1e-15)
    #expect(found[0].minGain == 0.25 * (0.9 - recall.upper) && found[0].maxGain == 0.25 * (0.9 - recall.lower))
    #expect(try throughJSON(found) == found)
  }

  /// Ten images each: the same fractions, but the interval of 6 of 10 goes up to 0.83; 2 of 10 are shown to be few.
  @Test func fewImagesShowLess() throws {
    #expect(ClassPriority.toPhotograph(try predictions([[8, 2, 0], [4, 6, 0], [0, 2, 8]])).isEmpty)
    #expect(ClassPriority.toPhotograph(try predictions([[8, 2, 0], [8, 2, 0], [0, 2, 8]])).map(\.label) == [1])
  }

  /// The second class is worse, but the third, of which there are more images, would gain more.
  @Test func theGreatestGainComesFirst() throws {
    let found = ClassPriority.toPhotograph(
      try predictions([[98, 2, 0, 0], [50, 50, 0, 0], [0, 0, 600, 400], [2, 0, 0, 98]]))
    #expect(found.map(\.label) == [2, 1])
  }

  @Test func classesWithoutImagesHaveNoPart() throws {
    #expect(ClassPriority.toPhotograph(try predictions([[50, 50], [0, 0]])).isEmpty)
    #expect(ClassPriority.toPhotograph(try predictions([[50, 50, 0], [0, 100, 0], [0, 0, 0]])).map(\.label) == [0])
    #expect(ClassPriority.toPhotograph(try predictions([[0, 0], [0, 0]])).isEmpty)
  }

  /// Of 67 errors, 45 are between the first two classes, far more than a sixth; 8 and 9 of the other pairs are not.
  @Test func onlyAPairWithMoreThanItsShareOfErrorsIsToBeRelabeled() throws {
    let found = PairPriority.toRelabel(try predictions(confusion))
    #expect(found.map { [$0.first, $0.second] } == [[0, 1]])
    #expect(found[0].firstAsSecond == 10 && found[0].secondAsFirst == 35)
    #expect(
      found[0].maxGain == ProportionInterval(45, of: 400) && found[0].fractionOfErrors == ProportionInterval(45, of: 67))
    #expect(found[0].labelCandidates == nil)
    #expect(try throughJSON(found) == found)
  }

  @Test func candidatesBetweenTheTwoClassesAreNamed() throws {
    let quality = LabelQuality(
      outOfFold: try decided([(0, 0), (1, 1), (2, 2), (3, 3), (1, 0), (0, 2), (0, 1)], classCount: 4))
    #expect(quality.candidates.map(\.image) == [4, 5, 6])
    let found = PairPriority.toRelabel(try predictions(confusion), labelQuality: quality)
    #expect(found.map(\.labelCandidates) == [[4, 6]])
  }

  @Test func wherePairsAreAlikeOrThereIsButOneNoneIsListed() throws {
    #expect(PairPriority.toRelabel(try predictions([[90, 5, 5], [5, 90, 5], [5, 5, 90]])).isEmpty)
    #expect(PairPriority.toRelabel(try predictions([[50, 50], [50, 50]])).isEmpty)
    #expect(PairPriority.toRelabel(try predictions([[100, 0, 0], [0, 100, 0], [0, 0, 100]])).isEmpty)
    #expect(PairPriority.toRelabel(try predictions([[3]])).isEmpty)
  }
}
