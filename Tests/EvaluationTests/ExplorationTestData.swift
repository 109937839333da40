import Compute
import Datasets
import Evaluation
import Foundation
import Testing

/// One thread and the widest instruction set.
let anyContext = ComputeContext(threads: 1, instructionSet: .available.max()!)

/// Reads a fixture written by a script in Tests/Peers/fixtures.
func readFixture<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json"))
  return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

/// Creates images of one row from lists of bytes.
func rowImages(_ rows: [[UInt8]], labels: [UInt8]) -> LabeledImages {
  LabeledImages(
    shape: ImageShape(height: 1, width: rows.first?.count ?? 1, channels: 1), pixels: Array(rows.joined()),
    labels: labels)
}

/// Random images with few distinct bytes, so that some are equal and many are equidistant.
func coarseImages(_ count: Int, _ shape: ImageShape, classes: Int, levels: UInt32 = 4, key: UInt32 = 0) -> LabeledImages
{
  var random = RandomSequence(seed: 11, .test, key)
  return LabeledImages(
    shape: shape,
    pixels: (0..<count * shape.count).map { _ in UInt8(random.next(below: levels) * 255 / max(levels - 1, 1)) },
    labels: (0..<count).map { _ in UInt8(random.next(below: UInt32(classes))) })
}

func dataset(_ train: LabeledImages, _ test: LabeledImages, classes: Int) -> Dataset {
  Dataset(name: "test", classNames: (0..<classes).map { "class \($0)" }, train: train, test: test)
}

func explore(
  _ dataset: Dataset, on context: ComputeContext = anyContext, _ change: (inout ExplorationSettings) -> Void = { _ in }
) throws -> DataExploration {
  var settings = ExplorationSettings()
  change(&settings)
  return try DataExploration(dataset, settings: settings, on: context, progress: { _ in true })
}

/// Returns the Euclidean distance of two images.
func distance(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Double {
  Double(zip(a, b).reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }).squareRoot()
}
