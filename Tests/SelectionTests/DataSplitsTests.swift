import Datasets
import Selection
import Testing

@Suite struct DataSplitsTests {
  /// 41 images of three classes, each of another pixel.
  private let images = LabeledImages(
    shape: ImageShape(height: 1, width: 1, channels: 1), pixels: (0..<41).map { UInt8($0) },
    labels: (0..<41).map { UInt8($0 % 7 % 3) })

  /// Who is given the part alone comes to the same as who has all images and the limit.
  @Test(arguments: [DataSplits.folds(3), .holdOut(0.3)], [1, 4, 17, 40, 41, 99])
  func aPartIsDividedAsAllImagesWithALimit(splits: DataSplits, limit: Int) {
    for seed: UInt64 in 0..<20 {
      let part = DataSplits.part(of: images, atMost: limit, seed: seed)
      #expect(part.count < images.count || limit >= 40, "rounded class by class")
      for split in 0..<splits.count {
        let (training, test) = splits.split(split, of: part, seed: seed)
        let limited = splits.split(split, of: images, seed: seed, limit: limit)
        #expect(training == limited.training && test == limited.test)
        #expect((training.pixels + test.pixels).sorted() == part.pixels)
      }
    }
  }

  @Test func withoutALimitAllAreDivided() {
    #expect(DataSplits.part(of: images, atMost: nil, seed: 1) == images)
    let (training, test) = DataSplits.folds(3).split(0, of: images, seed: 1)
    #expect((training.pixels + test.pixels).sorted() == images.pixels)
  }
}
