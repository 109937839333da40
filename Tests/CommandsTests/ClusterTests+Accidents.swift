import Foundation
import Testing

extension ClusterTests {
  private enum Accident: CaseIterable {
    case workerDies, workerStops, coordinatorStops, workerJoins, coordinatorDies
  }

  /// Two accidents of each kind with real processes, in an order, at moments and to workers that a seed chooses. Where they strike depends on
  /// the machine: only the end is judged. `deploy/soak` goes on from ever new seeds.
  @Test(arguments: ["cnn", "forest"], [1, 2]) func accidentsChangeNothing(kind: String, seed: UInt64) throws {
    _ = try TinyData.write(into: folder, train: 900)
    let longer = try #require(["cnn": ["--epochs", "100"], "forest": ["--trees", "60000"]][kind])
    let whole = try whole(kind, longer + ["--threads", "1"])
    let first = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
    var random = SplitMix(state: first + seed)
    func pause(_ milliseconds: ClosedRange<UInt32>) { usleep(.random(in: milliseconds, using: &random) * 1000) }
    let port = freePort()
    let options = ["--listen", "tcp://127.0.0.1:\(port)", "--workers", "2", "--heartbeat", "50", "--silence", "500"]
    var run = try train(kind, longer + options, output: "a.safetensors")
    var joined: [AtelierProcess.Started] = []
    defer { for process in joined + [run] { kill(process.process.processIdentifier, SIGKILL) } }

    for accident in (Accident.allCases + Accident.allCases).shuffled(using: &random) {
      pause(20...250)
      guard run.process.isRunning else { break }
      let coordinator = run.process.processIdentifier
      let others = joined.map(\.process).filter(\.isRunning).map(\.processIdentifier)
      let worker = (run.process.children + others).randomElement(using: &random)
      switch accident {
      case .workerDies: if let worker { kill(worker, SIGKILL) }
      case .workerStops, .coordinatorStops:
        guard let stopped = accident == .workerStops ? worker : coordinator else { break }
        kill(stopped, SIGSTOP)
        pause(0...1000)
        kill(stopped, SIGCONT)
      case .workerJoins: joined.append(try self.worker(port))
      case .coordinatorDies:
        kill(coordinator, SIGKILL)
        // It may have come to its end before.
        if try run.wait().status == -SIGKILL { run = try goOn(kind, longer, options) }
      }
    }
    let ended = try run.wait()
    #expect(ended.status == 0, "seed \(first + seed): \(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == whole, "seed \(first + seed): \(ended.errors)")
  }

  /// Goes on with what the killed coordinator has left; if it had nothing yet, from the start.
  private func goOn(_ kind: String, _ longer: [String], _ options: [String]) throws -> AtelierProcess.Started {
    let (kept, proof) = ["cnn": ("a.checkpoint.safetensors", ""), "forest": ("a.parts", "/settings.json")][kind]!
    guard FileManager.default.fileExists(atPath: folder.file(kept + proof)) else {
      return try train(kind, longer + options, output: "a.safetensors")
    }
    return try AtelierProcess.Started(["train", kind, "--resume", kept] + options, in: folder)
  }
}

/// Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators (2014).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
