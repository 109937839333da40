import Datasets
import Evaluation
import Testing

@Suite struct StratumTests {
  @Test func brightnessIsTheMeanOfAllBytes() {
    let gray = LabeledImages(
      shape: ImageShape(height: 1, width: 2, channels: 1), pixels: [0, 255, 51, 51], labels: [0, 0])
    #expect(ImageMeasure.brightness.values(of: gray) == [0.5, 0.2])
    let color = LabeledImages(
      shape: ImageShape(height: 1, width: 1, channels: 3), pixels: [255, 0, 0, 255, 255, 255], labels: [0, 0])
    #expect(ImageMeasure.brightness.values(of: color) == [1.0 / 3, 1])
  }

  /// Of the two pixels of the color image, only the second has a channel mean above 30.
  @Test func fillIsTheFractionOfPixelsAboveALevel() {
    let gray = LabeledImages(
      shape: ImageShape(height: 2, width: 2, channels: 1), pixels: [30, 31, 0, 255], labels: [0])
    #expect(ImageMeasure.fill(above: 30).values(of: gray) == [0.5])
    let color = LabeledImages(
      shape: ImageShape(height: 1, width: 2, channels: 3), pixels: [90, 0, 0, 91, 0, 0], labels: [0])
    #expect(ImageMeasure.fill(above: 30).values(of: color) == [0.5])
  }

  @Test func groupsAreOrderedAndEqualInSize() throws {
    let predictions = try twoClassPredictions((0..<10).map { (0.9, $0 < 5) })
    let strata = Stratum.quantiles(predictions, by: (0..<10).map { Double(9 - $0) }, groups: 3)
    #expect(strata.map(\.lowest) == [0, 3, 6] && strata.map(\.highest) == [2, 5, 9])
    #expect(strata.map(\.accuracy) == [(0, 3), (1, 3), (4, 4)].map { ProportionInterval($0.0, of: $0.1) })
    #expect(try throughJSON(strata) == strata)
  }

  @Test func equalValuesStayInOneGroup() throws {
    let predictions = try twoClassPredictions((0..<8).map { _ in (0.9, true) })
    let strata = Stratum.quantiles(predictions, by: [0, 1, 1, 1, 1, 1, 1, 2], groups: 4)
    #expect(strata.map(\.accuracy.count) == [7, 1])
    #expect(Stratum.quantiles(predictions, by: [Double](repeating: 3, count: 8)).map(\.accuracy.count) == [8])
  }

  @Test(arguments: [1, 2, 3, 7, 50]) func everyImageIsInExactlyOneGroup(groups: Int) throws {
    let predictions = try calibrated(23, seed: 1)
    let strata = Stratum.quantiles(predictions, by: (0..<23).map { Double($0 * 7 % 11) }, groups: groups)
    #expect(strata.reduce(0) { $0 + $1.accuracy.count } == 23 && strata.count <= groups)
    #expect(zip(strata, strata.dropFirst()).allSatisfy { $0.highest < $1.lowest })
  }

  @Test func hasNoGroupsWithoutImages() throws {
    #expect(Stratum.quantiles(try twoClassPredictions([]), by: []).isEmpty)
  }

  @Test func quantilesUseTheMeasureOfEachImage() throws {
    let images = LabeledImages(
      shape: ImageShape(height: 1, width: 1, channels: 1), pixels: [200, 100, 0, 50], labels: [0, 0, 1, 0])
    let predictions = try decided([(0, 0), (0, 0), (1, 0), (0, 1)], classCount: 2)
    let strata = Stratum.quantiles(predictions, of: images, by: .brightness, groups: 2)
    #expect(strata.map(\.accuracy.fraction) == [0, 1])
  }
}
