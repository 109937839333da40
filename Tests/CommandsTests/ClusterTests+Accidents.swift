import Compute
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
    var draws = RandomSequence(seed: first + seed, .test)
    func pause(below milliseconds: UInt32) { usleep(draws.next(below: milliseconds) * 1000) }
    let port = freePort()
    let options = ["--listen", "tcp://127.0.0.1:\(port)", "--workers", "2", "--heartbeat", "50", "--silence", "500"]
    var run = try train(kind, longer + options, output: "a.safetensors")
    var joined: [AtelierProcess.Started] = []
    defer { for process in joined + [run] { kill(process.process.processIdentifier, SIGKILL) } }

    var accidents = Array(0..<2 * Accident.allCases.count)
    draws.shuffle(&accidents)
    for number in accidents {
      pause(below: 250)
      guard run.process.isRunning else { break }
      let coordinator = run.process.processIdentifier
      let others = joined.map(\.process).filter(\.isRunning).map(\.processIdentifier)
      let workers = run.process.children + others
      let worker = workers.isEmpty ? nil : workers[Int(draws.next(below: UInt32(workers.count)))]
      let accident = Accident.allCases[number / 2]
      switch accident {
      case .workerDies: if let worker { kill(worker, SIGKILL) }
      case .workerStops, .coordinatorStops:
        guard let stopped = accident == .workerStops ? worker : coordinator else { break }
        kill(stopped, SIGSTOP)
        pause(below: 1000)
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
