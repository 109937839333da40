import Datasets
import Selection
import Testing

@Suite struct DataSplitsTests {
  /// 41 different one-pixel images of three classes.
  private let images = LabeledImages(
    shape: ImageShape(height: 1, width: 1, channels: 1), pixels: (0..<41).map { UInt8($0) },
    labels: (0..<41).map { UInt8($0 % 7 % 3) })

  /// Dividing the part gives the same as dividing all images with the limit.
  @Test(arguments: [DataSplits.folds(3), .holdOut(0.3)], [1, 4, 17, 40, 41, 99])
  func splitOfPartEqualsSplitWithLimit(splits: DataSplits, limit: Int) {
    for seed: UInt64 in 0..<20 {
      let part = DataSplits.part(of: images, atMost: limit, seed: seed)
      #expect(part.count < images.count || limit >= 40, "each class is rounded separately")
      for split in 0..<splits.count {
        let (training, test) = splits.split(split, of: part, seed: seed)
        let limited = splits.split(split, of: images, seed: seed, limit: limit)
        #expect(training == limited.training && test == limited.test)
        #expect((training.pixels + test.pixels).sorted() == part.pixels)
      }
    }
  }

  @Test func dividesAllImagesWithoutLimit() {
    #expect(DataSplits.part(of: images, atMost: nil, seed: 1) == images)
    let (training, test) = DataSplits.folds(3).split(0, of: images, seed: 1)
    #expect((training.pixels + test.pixels).sorted() == images.pixels)
  }

  /// Classes of 1, 2, 3 and 30 images, and one without images, which is absent rather than small.
  @Test func warningsNameSmallClassesWithTheirCounts() {
    let labels: [UInt8] = [0, 1, 1, 2, 2, 2] + [UInt8](repeating: 4, count: 30)
    let names = ["ant", "bee", "cat", "dog", "eel"]
    func warnings(_ splits: DataSplits) -> [String] { splits.warnings(of: labels, classNames: names) }
    #expect(
      warnings(.folds(3)) == [
        "classes with fewer training images than the 3 folds, missing from some test folds: "
          + "ant (1 image), bee (2 images)"
      ])
    #expect(warnings(.folds(2)).map { $0.hasSuffix(": ant (1 image)") } == [true])
    #expect(warnings(.holdOut(0.2)).map { $0.hasSuffix(": ant (1 image), bee (2 images)") } == [true])
    #expect(warnings(.holdOut(0.5)).map { $0.hasSuffix(": ant (1 image)") } == [true])
    #expect(DataSplits.folds(3).warnings(of: [UInt8](repeating: 4, count: 30), classNames: names).isEmpty)
    let many = DataSplits.folds(2).warnings(of: (0..<30).map { UInt8($0) }, classNames: (0..<30).map(String.init))
    #expect(many[0].hasSuffix("9 (1 image) and 20 more"))
  }
}
