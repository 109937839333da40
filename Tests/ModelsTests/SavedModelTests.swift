import Compute
import Datasets
import Foundation
import Models
import Testing

/// The smallest classifier: it always gives the same probabilities.
struct ConstantClassifier: Classifier {
  static let kind = ModelKind.tree
  let imageShape: ImageShape
  let shares: [Float]
  var classCount: Int { shares.count }
  var settings: [String: String] { ["criterion": "none", "max-depth": "0"] }
  var tensors: [Tensor] { [Tensor(name: "shares", shape: [shares.count], shares)] }

  init(imageShape: ImageShape, shares: [Float]) { (self.imageShape, self.shares) = (imageShape, shares) }

  init(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    guard let shares = tensors.first(where: { $0.name == "shares" })?.elements(as: Float.self),
      shares.count == classCount
    else { throw .badModel("tensor shares is missing") }
    self.init(imageShape: imageShape, shares: shares)
  }

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

  @Test(arguments: [0.1 + 0.2, nil]) func isReadBackEqual(accuracy: Double?) throws {
    let path = folder.file("a.safetensors")
    try saved(accuracy: accuracy).write(to: path)
    let read = try SavedModel(path: path)
    #expect(read == saved(accuracy: accuracy))
    #expect(read.metadata.atelierVersion == atelierVersion)
    #expect(read.digest == model.digest)
  }

  @Test func theClassifierComesBackByItsKind() throws {
    try saved().write(to: folder.file("a"))
    let read = try SavedModel(path: folder.file("a")).classifier(of: [ConstantClassifier.self])
    let back = try #require(read as? ConstantClassifier)
    #expect(back.shares == model.shares && back.imageShape == model.imageShape)
  }

  @Test func aKindThatIsNotRegisteredIsAnError() {
    #expect(throws: ModelError.self) { try saved().classifier(of: []) }
  }

  @Test(arguments: [
    ("model", "mlp", "one of cnn, forest, tree, knn"), ("image.height", "0", "1 to 512"),
    ("image.width", "99999999999999999999", "1 to 512"), ("image.channels", "-1", "1 to 4"),
    ("classes", "257", "1 to 256"),
    ("class.1", nil, "lacks \"class.1\""), ("test.accuracy", "nan", "from 0 to 1"),
    ("data.digest", nil, "lacks \"data.digest\""),
  ])
  func aHeaderThatMakesNoSenseIsAnErrorThatSaysWhy(name: String, value: String?, reason: String) throws {
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
