import Compute
import Datasets
import Evaluation
import Testing

@Suite struct PermutationImportanceTests {
  /// Noise, except for the pixel at (row, column), whose last channel is bright in images of class 1. The classes
  /// alternate.
  private func images(_ shape: ImageShape, bright row: Int, _ column: Int, count: Int = 200) -> LabeledImages {
    var random = RandomSequence(seed: 3, .test)
    var pixels = (0..<count * shape.count).map { _ in UInt8(random.next(below: 256)) }
    let labels = (0..<count).map { UInt8($0 % 2) }
    for image in 0..<count { pixels[image * shape.count + position(shape, row, column)] = labels[image] == 1 ? 255 : 0 }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  private func position(_ shape: ImageShape, _ row: Int, _ column: Int) -> Int {
    (row * shape.width + column + 1) * shape.channels - 1
  }

  /// A model that uses one byte.
  private func model(_ shape: ImageShape, _ row: Int, _ column: Int) -> (LabeledImages) throws -> [Float] {
    { images in
      images.labels.indices.flatMap { image -> [Float] in
        images.pixels[image * shape.count + position(shape, row, column)] > 127 ? [0, 1] : [1, 0]
      }
    }
  }

  /// Blocks of 3 over 7 x 5 pixels: those at the edges are smaller. If the block comes from a random image, half of the
  /// labels match.
  @Test(arguments: [(1, 0, 0), (3, 4, 3), (3, 6, 4), (1, 2, 4)])
  func onlyTheUsedBlockIsImportant(channels: Int, row: Int, column: Int) throws {
    let shape = ImageShape(height: 7, width: 5, channels: channels)
    let found = try PermutationImportance(
      of: images(shape, bright: row, column), classCount: 2, blockSize: 3, probabilities: model(shape, row, column))
    #expect(found.accuracy.fraction == 1)
    #expect(found.rows == 3 && found.columns == 2 && found.drops.count == 6)
    let seen = row / 3 * 2 + column / 3
    for (block, drop) in found.drops.enumerated() { #expect(block == seen ? abs(drop - 0.5) < 0.1 : drop == 0) }
    #expect(
      found.deviations[seen] > 0 && found.deviations.indices.allSatisfy { $0 == seen || found.deviations[$0] == 0 })
    for y in 0..<7 {
      for x in 0..<5 { #expect(found.pixels[y * 5 + x] == found.drops[y / 3 * 2 + x / 3]) }
    }
    #expect(try throughJSON(found) == found)
  }

  @Test func permutationsDependOnSeed() throws {
    let shape = ImageShape(height: 2, width: 2, channels: 1)
    let images = images(shape, bright: 0, 1)
    let shown = try [1, 1, 2].map { (seed: UInt64) -> [LabeledImages] in
      var shown: [LabeledImages] = []
      let found = try PermutationImportance(of: images, classCount: 2, blockSize: 1, repeats: 2, seed: seed) {
        shown.append($0)
        return try model(shape, 0, 1)($0)
      }
      #expect(found.repeats == 2 && shown.count == 1 + 4 * 2)
      return shown
    }
    #expect(shown[0] == shown[1])
    #expect(zip(shown[0], shown[2]).map { $0 == $1 } == [true] + Array(repeating: false, count: 8))
    #expect(Set(shown[0].map(\.pixels)).count == 9, "each block and repeat has its own permutation")
  }

  /// A block as large as the image exchanges whole images.
  @Test func blocksKeepTheirContents() throws {
    let shape = ImageShape(height: 4, width: 4, channels: 3)
    let images = images(shape, bright: 0, 0, count: 30)
    var sums: [[Int]] = []
    _ = try PermutationImportance(of: images, classCount: 2, blockSize: 4, repeats: 1) { shown in
      sums.append(
        (0..<shown.count).map { image in shown.pixels[image * 48..<(image + 1) * 48].reduce(0) { $0 + Int($1) } })
      return [Float](repeating: 0.5, count: 60)
    }
    #expect(sums.count == 2 && sums[0] != sums[1] && sums[0].sorted() == sums[1].sorted())
  }

  @Test func singleImageHasZeroDrop() throws {
    let shape = ImageShape(height: 1, width: 1, channels: 1)
    let found = try PermutationImportance(
      of: images(shape, bright: 0, 0, count: 1), classCount: 2, blockSize: 8, probabilities: model(shape, 0, 0))
    #expect(found.drops == [0] && found.deviations == [0])
  }

  @Test func rejectsInvalidProbabilities() {
    let shape = ImageShape(height: 1, width: 1, channels: 1)
    #expect(throws: EvaluationError.self) {
      try PermutationImportance(of: images(shape, bright: 0, 0, count: 1), classCount: 2, blockSize: 1) { _ in
        [.nan, 1]
      }
    }
  }
}
