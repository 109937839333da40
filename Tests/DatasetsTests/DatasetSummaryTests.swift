import Datasets
import Foundation
import Testing

@Suite struct DatasetSummaryTests {
  private func images(_ shape: ImageShape, _ pixels: [UInt8], _ labels: [UInt8]) -> LabeledImages {
    LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  @Test func countsDuplicatesWithinAndAcrossParts() {
    let shape = ImageShape(height: 1, width: 2, channels: 1)
    let summary = DatasetSummary(
      Dataset(
        name: "d", classNames: ["a"], train: images(shape, [1, 2, 3, 4, 1, 2, 1, 2], [0, 0, 0, 0]),
        test: images(shape, [3, 4, 9, 9, 3, 4], [0, 0, 0])))
    #expect(summary.train.duplicates == 2 && summary.test.duplicates == 1 && summary.duplicatesAcross == 2)
  }

  @Test func meanAndDeviationArePerChannel() {
    let shape = ImageShape(height: 1, width: 1, channels: 3)
    let statistics = ChannelStatistics(images(shape, [0, 255, 10, 2, 255, 30], [0, 0]))
    #expect(statistics.mean == [1, 255, 20] && statistics.deviation == [1, 0, 10])
  }

  /// White pixels have the largest squares, and these images several blocks of sums.
  @Test(arguments: [1, 3]) func statisticsOfLargeWhiteImagesAreExact(channels: Int) {
    let shape = ImageShape(height: 512, width: 300, channels: channels)
    let white = [UInt8](repeating: 255, count: 2 * shape.count)
    let statistics = ChannelStatistics(images(shape, white, [0, 0]))
    #expect(statistics.mean == [Double](repeating: 255, count: channels))
    #expect(statistics.deviation == [Double](repeating: 0, count: channels))
    let black = images(shape, [UInt8](repeating: 0, count: shape.count) + white.prefix(shape.count), [0, 0])
    // The deviation of white images is 0 also if their squares overflow.
    #expect(ChannelStatistics(black).deviation == [Double](repeating: 127.5, count: channels))
    #expect(ChannelStatistics(black, selected: [0]).mean == [Double](repeating: 0, count: channels))
    #expect(ChannelStatistics(black, selected: [1, 1]).mean == statistics.mean)
  }

  private var small: DatasetSummary {
    let shape = ImageShape(height: 1, width: 2, channels: 1)
    return DatasetSummary(
      Dataset(
        name: "pets", classNames: ["cat", "brown bear"], train: images(shape, [0, 4, 8, 8, 0, 4], [0, 1, 1]),
        test: images(shape, [8, 8], [1])))
  }

  @Test func descriptionIsATable() {
    #expect(
      small.description == """
        pets: 2 classes, images of 1x2

        class         train     test
        cat               1        0
        brown bear        2        1
        all               3        1

        mean pixel       train 4.0, test 8.0
        deviation        train 3.27, test 0.0
        duplicates       within train 1, within test 0, test images also in train 1
        sha256           \(small.digest)
        """)
  }

  @Test func summaryRoundTripsThroughJSON() throws {
    #expect(try JSONDecoder().decode(DatasetSummary.self, from: try JSONEncoder().encode(small)) == small)
  }

  /// The digest depends on each part of a data set.
  @Test func digestDependsOnEachPart() {
    let shape = ImageShape(height: 1, width: 2, channels: 1)
    let tall = ImageShape(height: 2, width: 1, channels: 1)
    func digest(
      _ names: [String] = ["a", "b"], _ shape: ImageShape = shape, train: [UInt8] = [1, 2], labels: [UInt8] = [0],
      test: [UInt8] = [3, 4], name: String = "d"
    ) -> String {
      Dataset(name: name, classNames: names, train: images(shape, train, labels), test: images(shape, test, [1])).digest
    }
    let digests = [
      digest(), digest(["a", "c"]), digest(["a", "b", ""]), digest(["a", "b"], tall), digest(train: [1, 3]),
      digest(labels: [1]), digest(test: [3, 5]),
    ]
    #expect(Set(digests).count == digests.count)
    #expect(digest(name: "other") == digest())
  }
}
