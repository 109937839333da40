import Compute
import Datasets
import Models
import Progress
import Testing

/// The plain reference is the model itself.
@Suite struct VariantPredictorTests {
  private let shape = ImageShape(height: 7, width: 5, channels: 2)

  private func images(_ count: Int, seed: UInt64) -> LabeledImages {
    var random = RandomSequence(seed: seed, .test)
    return LabeledImages(
      shape: shape, pixels: (0..<count * shape.count).map { _ in UInt8(truncatingIfNeeded: random.next()) },
      labels: (0..<count).map { _ in UInt8(random.next(below: 3)) })
  }

  /// The originals with some bytes of each image changed: no byte, single bytes, or many.
  private func variants(_ originals: LabeledImages, bytes: Int, seed: UInt64) -> LabeledImages {
    var random = RandomSequence(seed: seed, .test, 1)
    var pixels = originals.pixels
    for image in 0..<originals.count {
      for _ in 0..<bytes {
        pixels[image * shape.count + Int(random.next(below: UInt32(shape.count)))] = UInt8(
          truncatingIfNeeded: random.next())
      }
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: originals.labels)
  }

  /// Parts of one pixel are 35; of as many images, some are in the last, incomplete block.
  @Test(arguments: [1, 2, 3, 8], [1, 3]) func equalsTheModel(partSize: Int, threads: Int) throws {
    let context = ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!)
    let training = images(300, seed: 1)
    let forest = try fitForest(training, classCount: 3) { $0.trees = 9 }
    let tree = try fitTree(training, classCount: 3) { _ in }
    let originals = images(150, seed: 2)
    let predictors: [(any Classifier, VariantPredictor)] = [
      (forest, VariantPredictor(of: forest, originals: originals, partSize: partSize, on: context)),
      (tree, VariantPredictor(of: tree, originals: originals, partSize: partSize, on: context)),
    ]
    for (model, predictor) in predictors {
      for bytes in [0, 1, 2, 10, 200] {
        let variants = variants(originals, bytes: bytes, seed: UInt64(bytes))
        #expect(
          try predictor.probabilities(for: variants, on: context)
            == model.probabilities(for: variants, on: context, progress: { _ in true }), "\(bytes) bytes")
      }
    }
  }

  /// Images with more than 64 parts, of which some share a bit.
  @Test func equalsTheModelWithManyParts() throws {
    let training = noisyImages(count: 400, featureCount: 150, classCount: 4, levels: 200)
    let forest = try fitForest(training, classCount: 4) { $0.trees = 5 }
    let originals = training.prefix(80)
    let changed = training.selecting(Array(200..<280))
    let predictor = VariantPredictor(of: forest, originals: originals, partSize: 1, on: anyContext)
    for byte in 0..<150 {
      var pixels = originals.pixels
      for image in 0..<80 { pixels[image * 150 + byte] = changed.pixels[image * 150 + byte] }
      let variants = LabeledImages(shape: originals.shape, pixels: pixels, labels: originals.labels)
      #expect(
        try predictor.probabilities(for: variants, on: anyContext)
          == forest.probabilities(for: variants, on: anyContext, progress: { _ in true }))
    }
  }

  @Test func classifiesNoImages() throws {
    let forest = try fitForest(images(60, seed: 1), classCount: 3) { $0.trees = 2 }
    let none = images(0, seed: 1)
    let predictor = VariantPredictor(of: forest, originals: none, partSize: 2, on: anyContext)
    #expect(predictor.probabilities(for: none, on: anyContext) == [])
  }
}
