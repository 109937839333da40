import Compute
import Foundation
import Models
import Testing

/// Faulty memory of one host in a training group, simulated by overwriting the memory of a worker process.
@Suite struct CorruptMemberTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  /// With this learning rate the weights remain constant, so that the test finds them in a worker's memory. The rest of
  /// the state (moments, running statistics, losses) changes with each step and depends on the weights of every member.
  private static let fit = [
    "cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "1000", "--learning-rate", "1e-30",
    "--validation", "0",
  ]

  private func train(_ options: [String], output: String) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(["train"] + Self.fit + ["--data", data, "--output", output] + options, in: folder)
  }

  private func expectedModel() throws -> Data {
    let run = try train([], output: "whole.safetensors").wait()
    #expect(run.status == 0, "\(run.errors)")
    return try folder.bytes("whole.safetensors")
  }

  enum Target: CaseIterable {
    case weights, images

    /// Corrupt images make only a few gradients wrong at first, so every gradient is checked.
    var options: [String] { self == .images ? ["--gradient-checks", "1"] : [] }
  }

  /// Trains with a number of local workers, and overwrites the memory of one of them after the first checkpoint.
  private func trainWithCorruptMember(_ target: Target, workers: Int) throws -> AtelierProcess {
    let run = try train(["--workers", "\(workers)"] + target.options, output: "a.safetensors")
    try corrupt(target, run, workers: workers)
    return try run.wait()
  }

  private func corrupt(_ target: Target, _ run: AtelierProcess.Started, workers: Int) throws {
    let saved = "a.checkpoint.safetensors"
    func isReady() -> Bool {
      // All workers take part from the first step.
      run.process.children.count == workers && folder.names.contains(saved)
    }
    for _ in 0..<6_000 where !isReady() { usleep(5_000) }
    let worker = try #require(run.process.children.max())
    let patterns: [[UInt8]]
    switch target {
    case .weights:
      let checkpoint = try NetworkCheckpoint(path: folder.file(saved))
      let parameters = try #require(checkpoint.tensors.first { $0.name == "parameters" }).bytes
      patterns = [Array(parameters[..<64])]
    case .images: patterns = (0..<90).map(TinyData.image)
    }
    var memory = try ProcessMemory(of: worker)
    let found = try memory.replace(patterns) { $0 ^ 0x20 }
    #expect(found > 0, "the worker's memory contains the \(target)")
  }

  @Test(arguments: Target.allCases) func corruptMemberIsExpelledAndChangesNothing(target: Target) throws {
    let expected = try expectedModel()
    let ended = try trainWithCorruptMember(target, workers: 3)
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(ended.errors.contains("expelled: "), "\(ended.errors)")
    #expect(ended.errors.contains("a gradient that several members computed") == (target == .images), "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  @Test(arguments: Target.allCases) func runOfTwoDisagreeingMembersStopsAndResumes(target: Target) throws {
    let expected = try expectedModel()
    var ended = try trainWithCorruptMember(target, workers: 2)
    // If the memory is overwritten while a state is being sent that both members had agreed on, its sender is excluded,
    // and the other one finishes the training. Then another training is tried.
    for _ in 0..<4 where ended.errors.contains("is not the one that the workers agreed on") {
      #expect(ended.status == 0, "\(ended.errors)")
      #expect(try folder.bytes("a.safetensors") == expected)
      try FileManager.default.removeItem(atPath: folder.file("a.safetensors"))
      ended = try trainWithCorruptMember(target, workers: 2)
    }
    #expect(ended.status == 70, "\(ended.errors)")
    #expect(ended.errors.contains("no majority"), "\(ended.errors)")
    #expect(ended.errors.split(separator: "process").count >= 3, "both members are named: \(ended.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.safetensors")))
    let resumed = try AtelierProcess(
      ["train", "cnn", "--resume", "a.checkpoint.safetensors", "--workers", "2"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }
}

/// The writable memory of another process, which keeps running and may end at any time.
private struct ProcessMemory {
  private let file: FileHandle
  private let ranges: [Range<UInt64>]

  /// - Throws: if this user may not read the process's memory
  init(of process: pid_t) throws {
    file = try FileHandle(forUpdating: URL(fileURLWithPath: "/proc/\(process)/mem"))
    ranges = try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n").compactMap {
      let columns = $0.split(separator: " ")
      let bounds = columns[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard columns.count >= 2, columns[1].hasPrefix("rw"), bounds.count == 2 else { return nil }
      // The arrays of this test are smaller; most pages of larger mappings were never used.
      guard bounds[1] - bounds[0] <= 32 << 20 else { return nil }
      return bounds[0]..<bounds[1]
    }
  }

  /// Changes all bytes of every occurrence of each pattern. The process may reuse the memory during the search, so each
  /// occurrence is read again immediately before it is overwritten.
  /// - Returns: the number of occurrences
  mutating func replace(_ patterns: [[UInt8]], with change: (UInt8) -> UInt8) throws -> Int {
    var count = 0
    for range in ranges {
      // Skips mappings that cannot be read.
      guard (try? file.seek(toOffset: range.lowerBound)) != nil,
        let bytes = try? file.read(upToCount: Int(range.upperBound - range.lowerBound)), !bytes.isEmpty
      else { continue }
      for pattern in patterns {
        for place in Self.places(of: pattern, in: bytes) {
          let address = range.lowerBound + UInt64(place)
          guard (try? file.seek(toOffset: address)) != nil,
            (try? file.read(upToCount: pattern.count)) == Data(pattern),
            (try? file.seek(toOffset: address)) != nil,
            (try? file.write(contentsOf: Data(pattern.map(change)))) != nil
          else { continue }
          count += 1
        }
      }
    }
    return count
  }

  private static func places(of pattern: [UInt8], in bytes: Data) -> [Int] {
    let pattern = Data(pattern)
    var places: [Int] = []
    var rest = bytes.startIndex..<bytes.endIndex
    while let found = bytes.range(of: pattern, in: rest) {
      places.append(found.lowerBound - bytes.startIndex)
      rest = found.upperBound..<bytes.endIndex
    }
    return places
  }
}
