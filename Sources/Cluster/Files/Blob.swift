package import Compute
package import Datasets
internal import Files
package import Models
package import Selection

/// A large input of a job that is the same for many tasks, and is sent to each worker once.
package enum Blob: Sendable {
  case images(LabeledImages)
  case model(SavedModel, any Classifier)
  /// The state of a training: ``NetworkTrainer/checkpoint``.
  case checkpoint([Tensor])
  /// The fits of a sweep.
  case groups(FitGroups)

  /// The number of image sets that are kept whatever other blobs are added, because successive jobs use the same
  /// images.
  static let keptImages = 2

  var file: SafetensorsFile {
    switch self {
    case .images(let images):
      let metadata = [
        "height": "\(images.shape.height)", "width": "\(images.shape.width)", "channels": "\(images.shape.channels)",
      ]
      let tensors = [
        Tensor(name: "images", shape: [images.count, images.shape.count], images.pixels),
        Tensor(name: "labels", shape: [images.count], images.labels),
      ]
      return SafetensorsFile(metadata: metadata, tensors: tensors)
    case .model(let model, _): return model.file
    case .checkpoint(let tensors): return SafetensorsFile(metadata: [:], tensors: tensors)
    case .groups(let groups):
      let bytes = groups.json
      return SafetensorsFile(metadata: [:], tensors: [Tensor(name: "groups", shape: [bytes.count], bytes)])
    }
  }

  /// - Throws: ``FileError/damaged(path:reason:)``
  static func images(_ file: SafetensorsFile, name: String) throws(FileError) -> LabeledImages {
    func side(_ name: String) -> Int { file.metadata[name].flatMap { Int($0) } ?? 0 }
    let shape = ImageShape(height: side("height"), width: side("width"), channels: side("channels"))
    func bytes(_ name: String) -> [UInt8] { file.tensors.first { $0.name == name }?.elements(as: UInt8.self) ?? [] }
    let (pixels, labels) = (bytes("images"), bytes("labels"))
    guard [shape.height, shape.width].allSatisfy((1...DatasetLimits.side).contains), [1, 3].contains(shape.channels),
      pixels.count == labels.count * shape.count
    else { throw .damaged(path: name, reason: "it does not contain images and their labels") }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  /// - Throws: ``FileError/damaged(path:reason:)``
  static func groups(_ file: SafetensorsFile, name: String) throws(FileError) -> FitGroups {
    let bytes = file.tensors.first { $0.name == "groups" }?.elements(as: UInt8.self)
    guard let bytes, let groups = FitGroups(json: bytes) else {
      throw .damaged(path: name, reason: "it does not contain the fits of a sweep")
    }
    return groups
  }

  /// - Throws: ``FileError/damaged(path:reason:)``
  static func model(_ file: SafetensorsFile, name: String) throws(FileError) -> (SavedModel, any Classifier) {
    let model = try SavedModel(file, name: name, isChecked: false)
    do { return (model, try model.classifier()) } catch {
      throw .damaged(path: name, reason: error.description)
    }
  }
}
