import Foundation
import Testing

extension ClusterTests {
  /// The coordinator stands still for four times as long as a silent one is waited for: its workers work on, and
  /// nothing is begun anew.
  @Test(arguments: ["cnn", "forest"]) func suspendedCoordinatorLosesNothing(kind: String) throws {
    _ = try TinyData.write(into: folder, train: 900)
    let longer = try #require(["cnn": ["--epochs", "100"], "forest": ["--trees", "60000"]][kind])
    let whole = try whole(kind, longer + ["--threads", "1"])
    let run = try train(
      kind, longer + ["--workers", "2", "--heartbeat", "50", "--worker-timeout", "500"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    let kept = ["cnn": "a.checkpoint.safetensors", "forest": "a.parts"][kind]!
    while run.process.isRunning, !folder.names(in: kept).contains(where: { $0.hasSuffix(".part") }),
      !(kind == "cnn" && folder.names.contains(kept))
    { usleep(1_000) }
    let workers = run.process.children
    try #require(run.process.isRunning && workers.count == 2, "it was over before it could be suspended")
    kill(run.process.processIdentifier, SIGSTOP)
    usleep(2_000_000)
    #expect(workers.allSatisfy { kill($0, 0) == 0 }, "local workers end with a dead coordinator, not a suspended one")
    kill(run.process.processIdentifier, SIGCONT)
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == whole)
    // A worker that was lost, or a generation that began anew, would be told.
    #expect(!ended.errors.contains("lost: ") && !ended.errors.contains("training goes on"), "\(ended.errors)")
    #expect(ended.errors.components(separatedBy: "joined: ").count == 3, "\(ended.errors)")
  }
}
