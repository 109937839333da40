import Cluster
import Compute
import Datasets
import Foundation
import Models
import Selection

/// A small blob of each kind, and variants of it by number.
enum BlobSamples {
  static func images(_ number: Int = 0) -> LabeledImages {
    let pixels = (0..<24).map { UInt8(truncatingIfNeeded: $0 * 7 + number) }
    return LabeledImages(shape: ImageShape(height: 2, width: 3, channels: 1), pixels: pixels, labels: [0, 1, 0, 1])
  }

  static func checkpoint(_ number: Int = 0, count: Int = 5) -> [Tensor] {
    [Tensor(name: "state", shape: [count], (0..<count).map { Float($0 + number) })]
  }

  static let groups = FitGroups(
    [FitGroup(split: 0, kind: .tree, members: [["criterion": "gini"]])], splits: .folds(3), seed: 7)

  static func model() throws -> (saved: SavedModel, classifier: any Classifier) {
    var settings = NeighborsSettings()
    settings.neighbors = 1
    let classifier = try NearestNeighbors.fit(
      images(), classCount: 2, settings: settings, on: ComputeContext(threads: 1, instructionSet: .portable),
      progress: { _ in true })
    let saved = SavedModel(
      classifier, classNames: ["cat", "hen"], dataName: "two", dataDigest: "abc", testAccuracy: nil)
    return (saved, classifier)
  }

  static func bytes(of images: LabeledImages) -> [UInt8] {
    let tensors = [
      Tensor(name: "images", shape: [images.count, images.shape.count], images.pixels),
      Tensor(name: "labels", shape: [images.count], images.labels),
    ]
    return SafetensorsFile(metadata: ["height": "2", "width": "3", "channels": "1"], tensors: tensors).bytes
  }

  static func bytes(of checkpoint: [Tensor]) -> [UInt8] { SafetensorsFile(metadata: [:], tensors: checkpoint).bytes }

  static var groupsBytes: [UInt8] {
    let json = groups.json
    return bytes(of: [Tensor(name: "groups", shape: [json.count], json)])
  }

  static func name(of bytes: [UInt8]) -> SHA256 { bytes.withUnsafeBytes { SHA256(of: $0) } }

  static func name(_ number: Int) -> SHA256 { name(of: Array("blob \(number)".utf8)) }
}
