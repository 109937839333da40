import Compute
import Coordination
import Datasets
import Foundation
import FuzzDriver
import Models
import Selection
import SwiftProtobuf
import Transport

/// Passes bytes from libFuzzer to one of the readers of untrusted data, which the first byte selects. No reader may
/// crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard count > 0 else { return 0 }
  let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
  switch start[0] % 9 {
  case 0:
    let message: WorkerMessage? = MessageCodec.decode(Frame(bytes))
    if let message { _ = MessageCodec.encode(message) }
  case 1:
    let message: CoordinatorMessage? = MessageCodec.decode(Frame(bytes))
    if let message { _ = MessageCodec.encode(message) }
  case 2: _ = try? ExchangeHeader(serializedBytes: Array(bytes))
  case 3: _ = try? JobDescription(serializedBytes: Array(bytes))
  case 4:
    guard let file = try? SafetensorsFile(bytes: bytes, name: "fuzz"),
      let model = try? SavedModel(file, name: "fuzz", isChecked: false)
    else { break }
    _ = try? model.classifier()
  case 5: _ = FitGroups(json: Array(bytes))
  case 6: _ = FitResults(bytes: bytes, counts: [1])
  case 7:
    withFile(of: bytes) { _ = try? NetworkCheckpoint(path: $0) }
    if let file = try? SafetensorsFile(bytes: bytes, name: "fuzz") { try? makeTrainer().resume(file.tensors) }
  default:
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? SweepDefinition.read(yaml: text, path: "fuzz").map { try $0.configurations().count }
    _ = try? Endpoint(text)
    _ = try? JoinToken(text)
    _ = try? JobSecret(text)
  }
  return 0
}

/// Calls `body` with the path of a file in memory that has these bytes.
private func withFile(of bytes: UnsafeRawBufferPointer, _ body: (_ path: String) -> Void) {
  let path = "/dev/shm/atelier-fuzz-\(getpid())"
  guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
  body(path)
  unlink(path)
}

/// Returns a trainer of the smallest network, which resumes from checkpoints.
private func makeTrainer() throws -> NetworkTrainer {
  let shape = ImageShape(height: 2, width: 2, channels: 1)
  let images = LabeledImages(shape: shape, pixels: [UInt8](0..<16), labels: [0, 1, 0, 1])
  var settings = NetworkSettings()
  (settings.filters, settings.dense, settings.shards) = ([1], [], 1)
  return try NetworkTrainer(
    images, classCount: 2, settings: settings, on: ComputeContext(threads: 1, instructionSet: .portable))
}

/// Runs libFuzzer. (The package manager gives the main function of this executable the name below.)
@_cdecl("fuzz_main")
public func fuzzMain(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  runFuzzer(count, arguments, testOneInput)
}
