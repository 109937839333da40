import Foundation
import Testing

extension ClusterTests {
  /// The coordinator is suspended for four times the worker timeout. Its workers continue, and no work is repeated.
  @Test(arguments: ["cnn", "forest"]) func suspendedCoordinatorLosesNothing(kind: String) throws {
    _ = try TinyData.write(into: folder, train: 900)
    let longer = try #require(["cnn": ["--epochs", "100"], "forest": ["--trees", "60000"]][kind])
    let expected = try expectedModel(kind, longer + ["--threads", "1"])
    let run = try train(
      kind, longer + ["--workers", "2", "--heartbeat", "50", "--worker-timeout", "500"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    let saved = ["cnn": "a.checkpoint.safetensors", "forest": "a.parts"][kind]!
    while run.process.isRunning, !folder.names(in: saved).contains(where: { $0.hasSuffix(".part") }),
      !(kind == "cnn" && folder.names.contains(saved))
    { usleep(1_000) }
    let workers = run.process.children
    try #require(run.process.isRunning && workers.count == 2, "the job ended before the suspension")
    kill(run.process.processIdentifier, SIGSTOP)
    usleep(2_000_000)
    #expect(workers.allSatisfy { kill($0, 0) == 0 }, "local workers outlive a suspension of their coordinator")
    kill(run.process.processIdentifier, SIGCONT)
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
    // A lost worker and a new generation would be reported.
    #expect(!ended.errors.contains("lost: ") && !ended.errors.contains("training resumed"), "\(ended.errors)")
    #expect(ended.errors.components(separatedBy: "joined: ").count == 3, "\(ended.errors)")
  }
}
