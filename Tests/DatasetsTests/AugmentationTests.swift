import Compute
import Datasets
import Testing

@Suite struct AugmentationTests {
  private let shape = ImageShape(height: 5, width: 7, channels: 3)

  private func augmented(_ augmentation: Augmentation, epoch: Int = 0, sample: Int = 0, seed: UInt64 = 0) -> [UInt8] {
    var result = [UInt8](repeating: 99, count: shape.count)
    augmentation.apply(image: image, shape: shape, into: &result, seed: seed, epoch: epoch, sample: sample)
    return result
  }

  /// No byte is zero, and each differs from its neighbors.
  private var image: [UInt8] { (0..<shape.count).map { UInt8(1 + $0 * 2 % 251) } }

  private func pixel(_ image: [UInt8], _ y: Int, _ x: Int) -> [UInt8] {
    guard 0..<shape.height ~= y && 0..<shape.width ~= x else { return [0, 0, 0] }
    return Array(image[(y * shape.width + x) * 3..<(y * shape.width + x) * 3 + 3])
  }

  @Test func noneCopies() { #expect(augmented(.none) == image) }

  @Test func flipMirrorsSomeImages() {
    let mirrored = (0..<5).flatMap { y in (0..<7).flatMap { x in pixel(image, y, 6 - x) } }
    let results = (0..<50).map { augmented(Augmentation(flip: true), sample: $0) }
    #expect(results.allSatisfy { $0 == image || $0 == mirrored })
    #expect(results.contains(image) && results.contains(mirrored))
  }

  @Test func shiftMovesWithinLimitAndFillsWithZeros() {
    var offsets: Set<[Int]> = []
    for sample in 0..<200 {
      let result = augmented(Augmentation(shift: 1), sample: sample)
      let fitting = [-1, 0, 1].flatMap { down in [-1, 0, 1].map { [down, $0] } }.filter { offset in
        result == (0..<5).flatMap { y in (0..<7).flatMap { x in pixel(image, y - offset[0], x - offset[1]) } }
      }
      #expect(fitting.count == 1)
      offsets.formUnion(fitting)
    }
    #expect(offsets.count == 9)
  }

  @Test func eraseZerosARectangleInHalfOfTheImages() {
    var erased = 0
    for sample in 0..<200 {
      let result = augmented(Augmentation(erase: true), sample: sample)
      let zeros = (0..<35).filter { pixel(result, $0 / 7, $0 % 7) == [0, 0, 0] }
      let (rows, columns) = (Set(zeros.map { $0 / 7 }), Set(zeros.map { $0 % 7 }))
      #expect(zeros.count == rows.count * columns.count, "a rectangle")
      #expect(
        (0..<35).allSatisfy { zeros.contains($0) || pixel(result, $0 / 7, $0 % 7) == pixel(image, $0 / 7, $0 % 7) })
      erased += zeros.isEmpty ? 0 : 1
    }
    // Half of 200, plus or minus five standard deviations of 7.
    #expect(65...135 ~= erased)
  }

  @Test func erasedRectangleCoversExpectedFraction() {
    let shape = ImageShape(height: 100, width: 80, channels: 1)
    let image = [UInt8](repeating: 1, count: shape.count)
    var shares: [Double] = []
    for sample in 0..<400 {
      var result = image
      Augmentation(erase: true).apply(image: image, shape: shape, into: &result, seed: 1, epoch: 0, sample: sample)
      let erased = result.count { $0 == 0 }
      if erased > 0 { shares.append(Double(erased) / Double(shape.count)) }
    }
    // Sides are rounded down to whole pixels, which reduces the smallest rectangle (13 x 12) by up to a tenth.
    #expect(shares.allSatisfy { 0.018...0.2 ~= $0 })
    #expect(shares.min()! < 0.03 && shares.max()! > 0.19)
  }

  @Test(arguments: [(1, 1), (1, 9), (512, 1)]) func augmentsImagesOfAnySize(height: Int, width: Int) {
    let shape = ImageShape(height: height, width: width, channels: 3)
    // A margin that must not be overwritten.
    var result = [UInt8](repeating: 7, count: shape.count + 8)
    let image = [UInt8](repeating: 1, count: shape.count)
    for sample in 0..<50 {
      Augmentation(flip: true, shift: 64, erase: true).apply(
        image: image, shape: shape, into: &result, seed: 2, epoch: 0, sample: sample)
      #expect(result[..<shape.count].allSatisfy { $0 < 2 } && result[shape.count...].allSatisfy { $0 == 7 })
    }
  }

  @Test func augmentationDependsOnSeedEpochAndSampleOnly() {
    let all = Augmentation(flip: true, shift: 2, erase: true)
    let once = (0..<100).map { augmented(all, epoch: 3, sample: $0) }
    let backwards = (0..<100).reversed().map { augmented(all, epoch: 3, sample: $0) }
    #expect(once == backwards.reversed())
    #expect(once != (0..<100).map { augmented(all, epoch: 4, sample: $0) })
    #expect(once != (0..<100).map { augmented(all, epoch: 3, sample: $0, seed: 1) })
  }

  @Test(arguments: ["none", "flip", "shift:3", "erase", "flip,shift:2,erase"]) func textRoundTrips(text: String) throws
  {
    #expect(try Augmentation(parsing: text).description == text)
  }

  @Test(arguments: [
    "", "flop", "shift:0", "shift:x", "flip,,erase", "shift:65", "flip,flip", "shift:2,shift:3", "erase,erase",
    "flip,none",
  ]) func refusesInvalidText(text: String) {
    #expect(throws: AugmentationError.self) { try Augmentation(parsing: text) }
  }
}
