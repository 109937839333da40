import Datasets
import Testing

@Suite struct DistinctImagesTests {
  private let images = LabeledImages(
    shape: ImageShape(height: 1, width: 2, channels: 1), pixels: [1, 2, 3, 4, 1, 2, 2, 1, 3, 4, 1, 2],
    labels: [0, 0, 0, 0, 0, 0])

  @Test func duplicatesReferToFirstImage() {
    let distinct = DistinctImages(images)
    #expect(distinct.duplicates.map(\.image) == [2, 4, 5] && distinct.duplicates.map(\.first) == [0, 1, 0])
  }

  @Test func findsImageByItsBytes() {
    let distinct = DistinctImages(images)
    #expect(distinct.first(equalTo: [2, 1]) == 3 && distinct.first(equalTo: images.pixels(of: 4)) == 1)
    #expect(distinct.first(equalTo: [2, 2]) == nil)
    #expect(DistinctImages(images.prefix(0)).first(equalTo: [1, 2]) == nil)
  }
}
