import Foundation
import Runs
import Testing

@Suite final class RunRecordTests {
  private let folder = NSTemporaryDirectory() + "atelier-runs-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func run(_ name: String) -> Run {
    Run(name: name, kind: "sweep", data: "digits", dataDigest: "ab", definition: "{}", version: "1")
  }

  @Test func otherReadersSeeStoredData() throws {
    let writer = try RunRecord(folder: folder)
    let reader = try RunRecord(folder: folder)
    try writer.begin(run("a"))
    try writer.keep([("x", [1, 2]), ("y", [])], of: "a")
    try writer.keep([("x", [9])], of: "a")
    #expect(try reader.tasks(of: "a") == ["x": [1, 2], "y": []])
    #expect(try reader.tasks(of: "b").isEmpty)
    let model = RunModel(
      kind: "tree", settings: ["max-depth": "3"], accuracy: 0.5, digest: "cd", path: "m", fitSeconds: 1,
      testSeconds: 0.5, testImages: 10, peakBytes: 1 << 20)
    try writer.add(model, to: "a")
    #expect(try reader.models(of: "a") == [model])
    try writer.end("a", .failed, reason: "why")
    let ended = try #require(try reader.runs().first)
    #expect(ended.state == .failed && ended.reason == "why" && ended.ended != nil)
    #expect(try writer.remove("a"))
    #expect(try reader.runs().isEmpty && reader.tasks(of: "a").isEmpty && reader.models(of: "a").isEmpty)
  }

  @Test func newerMetricsAndDocumentsReplaceOlderOnes() throws {
    let record = try RunRecord(folder: folder)
    try record.begin(run("a"))
    func metric(_ step: Int, _ value: Double) -> RunMetric {
      RunMetric(model: "cnn", name: "loss", step: step, value: value)
    }
    try record.keep([metric(2, 0.5), metric(1, 1)], of: "a")
    try record.keep([metric(2, 0.25)], of: "a")
    #expect(try record.metrics(of: "a") == [metric(1, 1), metric(2, 0.25)])
    try record.keep([metric(3, .nan)], of: "a")
    #expect(try record.metrics(of: "a").last?.value.isNaN == true)
    try record.keep(["first"], as: "list", of: "a")
    try record.keep(["second"], as: "list", of: "a")
    #expect(try record.document([String].self, as: "list", of: "a") == ["second"])
    #expect(try record.document(Int.self, as: "list", of: "a") == nil)
    #expect(try record.document([String].self, as: "list", of: "b") == nil)
    try record.remove("a")
    #expect(try record.metrics(of: "a").isEmpty && record.document([String].self, as: "list", of: "a") == nil)
  }

  @Test func runOfEndedProcessIsInterrupted() throws {
    let record = try RunRecord(folder: folder)
    try record.begin(run("alive"))
    var dead = run("dead")
    dead.process = ProcessMark.own.replacingOccurrences(of: " ", with: " 1")
    try record.begin(dead)
    let states = Dictionary(uniqueKeysWithValues: try record.runs().map { ($0.name, $0.state) })
    #expect(states == ["alive": .running, "dead": .interrupted])
    try record.resume("dead")
    #expect(try record.runs().allSatisfy { $0.state == .running })
  }

  @Test func zombieProcessIsNotAlive() throws {
    var process: pid_t = 0
    var arguments = [strdup("sleep"), strdup("600"), nil]
    defer { for argument in arguments { free(argument) } }
    try #require(posix_spawnp(&process, "sleep", nil, nil, &arguments, environ) == 0)
    let mark = try #require(ProcessMark.of(process))
    #expect(ProcessMark.isAlive(mark) && mark != ProcessMark.own)
    kill(process, SIGKILL)
    for _ in 0..<1_000 where ProcessMark.isAlive(mark) { usleep(10_000) }
    #expect(!ProcessMark.isAlive(mark))
    waitpid(process, nil, 0)
  }

  @Test func runNameIsUnique() throws {
    let record = try RunRecord(folder: folder)
    #expect(try !record.contains("a"))
    #expect(try record.begin(run("a")))
    var other = Run(name: "a", kind: "train", data: "faces", dataDigest: "cd", definition: "other", version: "1")
    other.process = ""
    #expect(try !record.begin(other))
    #expect(try record.contains("a"))
    let kept = try record.runs()
    #expect(kept.count == 1 && kept[0].definition == "{}" && kept[0].dataDigest == "ab" && kept[0].state == .running)
  }

  @Test func modelReplacesOneWithSamePath() throws {
    let record = try RunRecord(folder: folder)
    for name in ["a", "b"] { try record.begin(run(name)) }
    func model(_ path: String, _ accuracy: Double) -> RunModel {
      RunModel(kind: "tree", settings: [:], accuracy: accuracy, digest: "cd", path: path, fitSeconds: 1)
    }
    for (name, path, accuracy) in [("a", "m", 0.1), ("a", "n", 0.2), ("b", "m", 0.3), ("a", "m", 0.4)] {
      try record.add(model(path, accuracy), to: name)
    }
    #expect(try record.models(of: "a") == [model("n", 0.2), model("m", 0.4)])
    #expect(try record.models(of: "b") == [model("m", 0.3)])
  }

  @Test func writersDoNotConflict() throws {
    let records = try (0..<4).map { _ in try RunRecord(folder: folder) }
    try records[0].begin(run("a"))
    let failures = DispatchQueue.global().sync { () -> Int in
      nonisolated(unsafe) var failures = 0
      let lock = NSLock()
      DispatchQueue.concurrentPerform(iterations: 4) { writer in
        for task in 0..<50 {
          do { try records[writer].keep([("\(writer) \(task)", [1])], of: "a") } catch {
            lock.withLock { failures += 1 }
          }
        }
      }
      return failures
    }
    #expect(failures == 0)
    #expect(try records[0].tasks(of: "a").count == 200)
  }

  @Test(arguments: ["no database at all, but long enough to be looked at", ""]) func leavesOtherFilesUnchanged(
    text: String
  ) throws {
    let path = folder + "/" + RunRecord.fileName
    let bytes = Data((text + String(repeating: "x", count: text.isEmpty ? 0 : 5_000)).utf8)
    try bytes.write(to: URL(fileURLWithPath: path))
    if text.isEmpty {
      // An empty file is an empty database.
      #expect(try RunRecord(folder: folder).runs().isEmpty)
    } else {
      let error = #expect(throws: RunError.self) { try RunRecord(folder: self.folder) }
      #expect(error!.description.contains("is not a record of runs"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }
  }

  @Test func throwsIfFolderDoesNotExist() {
    let error = #expect(throws: RunError.self) { try RunRecord(folder: self.folder + "/none") }
    #expect(error!.description.contains("check the folder"))
  }
}
