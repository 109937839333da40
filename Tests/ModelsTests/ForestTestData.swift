import Compute
import Datasets
import Foundation
import Models
import Testing

/// A context of one thread and the widest instruction set.
let anyContext = ComputeContext(threads: 1, instructionSet: .available.max()!)

/// Returns images of one row each, from lists of bytes.
func rowImages(_ rows: [[UInt8]], labels: [UInt8]) -> LabeledImages {
  LabeledImages(
    shape: ImageShape(height: 1, width: rows[0].count, channels: 1), pixels: Array(rows.joined()), labels: labels)
}

/// Returns random images whose bytes depend on their class, with noise. Few levels mean many ties and many constant
/// features.
func noisyImages(count: Int, featureCount: Int, classCount: Int, levels: Int = 256, seed: UInt64 = 1) -> LabeledImages {
  var random = RandomSequence(seed: seed, .test, UInt32(count), UInt32(featureCount))
  var pixels: [UInt8] = []
  var labels: [UInt8] = []
  for _ in 0..<count {
    let label = random.next(below: UInt32(classCount))
    labels.append(UInt8(label))
    for feature in 0..<featureCount {
      let hint = UInt32(feature) % 3 == label % 3 ? random.next(below: UInt32(levels)) : 0
      pixels.append(UInt8((random.next(below: UInt32(levels)) + hint) / 2 * 255 / UInt32(max(levels - 1, 1))))
    }
  }
  return LabeledImages(
    shape: ImageShape(height: 1, width: featureCount, channels: 1), pixels: pixels, labels: labels)
}

func fitTree(
  _ images: LabeledImages, classCount: Int = 2, on context: ComputeContext = anyContext,
  _ change: (inout TreeSettings) -> Void = { _ in }
) throws -> DecisionTree {
  var settings = TreeSettings()
  change(&settings)
  return try DecisionTree.fit(images, classCount: classCount, settings: settings, on: context, progress: { _ in true })
}

func fitForest(
  _ images: LabeledImages, classCount: Int = 2, on context: ComputeContext = anyContext,
  _ change: (inout ForestSettings) -> Void = { _ in }
) throws -> Forest {
  var settings = ForestSettings()
  settings.trees = 10
  change(&settings)
  return try Forest.fit(images, classCount: classCount, settings: settings, on: context, progress: { _ in true })
}

extension Classifier {
  func elements<Element: TensorElement>(_ name: String) throws -> [Element] {
    try #require(tensors.first { $0.name == name }?.elements())
  }
}
