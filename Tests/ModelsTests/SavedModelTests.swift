import Compute
import Datasets
import Files
import Foundation
import Models
import Progress
import Testing

/// A minimal classifier that returns the same probabilities for every image.
struct ConstantClassifier: Classifier {
  let kind = ModelKind.tree
  let imageShape: ImageShape
  let shares: [Float]
  var classCount: Int { shares.count }
  var settings: [String: String] { ["criterion": "none", "max-depth": "0"] }
  var tensors: [Tensor] { [Tensor(name: "shares", shape: [shares.count], shares)] }

  init(imageShape: ImageShape, shares: [Float]) { (self.imageShape, self.shares) = (imageShape, shares) }

  func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    (0..<images.count).flatMap { _ in shares }
  }
}

@Suite struct SavedModelTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private let model = ConstantClassifier(
    imageShape: ImageShape(height: 3, width: 5, channels: 3), shares: [0.25, 0.75])

  private func saved(accuracy: Double? = 0.1 + 0.2) -> SavedModel {
    SavedModel(
      model, classNames: ["T-shirt/top", "Ankle \"boot\""], dataName: "two things", dataDigest: "abc",
      testAccuracy: accuracy)
  }

  @Test(arguments: [0.1 + 0.2, nil]) func roundTripsThroughFile(accuracy: Double?) throws {
    let path = folder.file("a.safetensors")
    try saved(accuracy: accuracy).write(to: path)
    let read = try SavedModel(path: path)
    #expect(read == saved(accuracy: accuracy))
    #expect(read.metadata.atelierVersion == atelierVersion)
    #expect(read.digest == model.digest)
  }

  @Test(arguments: [
    ("model", "mlp", "one of cnn, forest, "), ("image.height", "0", "1 to 512"),
    ("image.width", "99999999999999999999", "1 to 512"), ("image.channels", "2", "1 or 3"),
    ("class.0", "a\u{1B}[2J", "names must not be empty or contain control characters"),
    ("class.0", "Ankle \"boot\"", "different names"),
    ("classes", "257", "1 to 256"),
    ("class.1", nil, "lacks \"class.1\""), ("test.accuracy", "nan", "from 0 to 1"),
    ("data.digest", nil, "lacks \"data.digest\""),
  ])
  func reportsReasonForInvalidMetadata(name: String, value: String?, reason: String) throws {
    var metadata = saved().metadata.text
    metadata[name] = value
    try SafetensorsFile(metadata: metadata, tensors: model.tensors).write(to: folder.file("a"))
    do {
      _ = try SavedModel(path: folder.file("a"))
      Issue.record("it was read")
    } catch {
      #expect(error.description.hasPrefix(folder.file("a")) && error.description.contains(reason), "\(error)")
    }
  }
}

/// Fitted models of every kind, saved and read back.
@Suite struct SavedClassifierTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let images = randomImages(24, ImageShape(height: 6, width: 5, channels: 3), classes: 3)

  static func fit(_ kind: ModelKind) throws -> any Classifier {
    let text: [ModelKind: [String: String]] = [
      .cnn: ["filters": "3,2", "dense": "4", "epochs": "1", "batch": "8"],
      .knn: ["components": "4", "whitening": "0.5"],
    ]
    return try ModelSettings(kind, text[kind] ?? [:]).fit(
      images, classCount: 3, on: anyContext, progress: { _ in true })
  }

  private func save(_ model: some Classifier) throws -> String {
    let path = folder.file("model.safetensors")
    let names = ["a", "b", "c"]
    try SavedModel(model, classNames: names, dataName: "random", dataDigest: "0", testAccuracy: nil).write(to: path)
    return path
  }

  @Test(arguments: ModelKind.allCases) func predictsTheSameBits(kind: ModelKind) throws {
    let model = try Self.fit(kind)
    let back = try SavedModel(path: try save(model)).classifier()
    #expect(back.digest == model.digest && back.settings == model.settings)
    func probabilities(_ model: any Classifier) throws -> [UInt32] {
      try model.probabilities(for: Self.images, on: anyContext, progress: { _ in true }).map(\.bitPattern)
    }
    #expect(try probabilities(back) == probabilities(model))
  }

  /// Damage that keeps the file well-formed reaches the models, which reject it or predict something.
  @Test(arguments: ModelKind.allCases) func mutatedModelsNeverCrash(kind: ModelKind) throws {
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try save(Self.fit(kind)))))
    let (headerLength, keptLength) = (Int(original[0]) + Int(original[1]) << 8, 8)
    var rebuilt = 0
    for seed in 0..<1500 {
      // A third is damaged anywhere, a third in the header's digits, a third in the tensors.
      var bytes = seed % 3 == 0 ? mutate(original, seed: UInt64(seed)) : original
      var random = RandomSequence(seed: UInt64(seed), .test, 1)
      if seed % 3 == 1 {
        let digits = (keptLength..<keptLength + headerLength).filter { (48..<58).contains(original[$0]) }
        bytes[digits[Int(random.next(below: UInt32(digits.count)))]] = 48 + UInt8(random.next(below: 10))
      } else if seed % 3 == 2 {
        let start = keptLength + headerLength
        for _ in 0...random.next(below: 3) {
          bytes[start + Int(random.next(below: UInt32(bytes.count - start)))] = UInt8(random.next(below: 256))
        }
      }
      // Updates the digests, as an editor could.
      guard let file = try? SafetensorsFile(path: folder.write(bytes, to: "damaged")),
        let saved = try? SavedModel(file, name: "damaged", isChecked: false)
      else { continue }
      guard let model = try? saved.classifier() else { continue }
      rebuilt += 1
      let images = model.imageShape == Self.images.shape ? Self.images : blank(model.imageShape)
      let probabilities = try? model.probabilities(for: images, on: anyContext, progress: { _ in true })
      #expect(probabilities?.count == images.count * model.classCount)
    }
    #expect(rebuilt > 50, "the mutations reach the models")
  }

  private func blank(_ shape: ImageShape) -> LabeledImages {
    LabeledImages(shape: shape, pixels: [UInt8](repeating: 7, count: shape.count), labels: [0])
  }
}
