import Compute
import Datasets
import Files
import Foundation
import Models
import Testing

/// A training resumes only from the numbers that were saved, with the version of the numerics that computed them.
@Suite struct NetworkCheckpointTests {
  let folder: TemporaryFolder
  let checkpoint: NetworkCheckpoint

  init() throws {
    folder = try TemporaryFolder()
    let images = randomImages(24, ImageShape(height: 6, width: 5, channels: 1), classes: 3)
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.batch) = ([3], [4], 8)
    let trainer = try NetworkTrainer(images, classCount: 3, settings: settings, on: anyContext)
    for _ in 0..<2 { try trainer.runRound() }
    let dataset = Dataset(name: "random", classNames: ["a", "b", "c"], train: images, test: images)
    checkpoint = NetworkCheckpoint(trainer.checkpoint, settings: settings, dataset: dataset, dataDigest: dataset.digest)
  }

  private func reason(_ path: String) -> String {
    do {
      _ = try NetworkCheckpoint(path: path)
      return "read"
    } catch { return error.description }
  }

  @Test func roundTripsThroughFile() throws {
    try checkpoint.write(to: folder.file("a"))
    let read = try NetworkCheckpoint(path: folder.file("a"))
    #expect(read.step == 2 && read.settings.text == checkpoint.settings.text && read.metadata == checkpoint.metadata)
    #expect(Tensor.digest(of: read.tensors) == Tensor.digest(of: checkpoint.tensors))
  }

  @Test func detectsFlippedBitsOfTensors() throws {
    try checkpoint.write(to: folder.file("a"))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("a"))))
    let tensors = checkpoint.tensors.reduce(0) { $0 + $1.bytes.count }
    for place in stride(from: bytes.count - tensors, to: bytes.count, by: max(1, tensors / 50)) {
      var flipped = bytes
      flipped[place] ^= 4
      #expect(reason(try folder.write(flipped, to: "flipped")).contains("digest differs"))
    }
  }

  @Test(arguments: ["0", "\(numericsVersion + 1)", nil]) func rejectsOtherVersionsOfNumerics(version: String?) throws {
    try checkpoint.write(to: folder.file("a"))
    let file = try SafetensorsFile(path: folder.file("a"))
    var metadata = file.metadata
    metadata["numerics"] = version
    try HeaderDigest.sealed(metadata, file.tensors).write(to: folder.file("b"))
    #expect(reason(folder.file("b")).contains("version \(version ?? "0") of Atelier's numerics"))
  }
}
