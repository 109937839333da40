import Foundation
import Testing

/// The file of a model has the same bytes for any workers and any failures.
@Suite struct ClusterTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  /// Fits of about one second.
  private static let fits = [
    "cnn": ["cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "120"],
    "forest": ["forest", "--trees", "3000"],
    "tree": ["tree"],
    "knn": ["knn", "--neighbors", "3", "--components", "9"],
  ]

  func train(
    _ kind: String, _ options: [String] = [], output: String, environment: [String: String] = [:]
  ) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(
      ["train"] + Self.fits[kind]! + ["--data", data, "--output", output] + options, in: folder,
      environment: environment)
  }

  /// Returns the bytes of the model that one process trains.
  func expectedModel(_ kind: String, _ options: [String] = []) throws -> Data {
    let run = try train(kind, options, output: "whole.safetensors").wait()
    #expect(run.status == 0, "\(run.errors)")
    return try folder.bytes("whole.safetensors")
  }

  // MARK: Any number of workers

  @Test(arguments: ["cnn", "forest", "tree", "knn"]) func modelIsIndependentOfWorkerCount(kind: String) throws {
    let expected = try expectedModel(kind)
    for workers in 1...4 {
      let run = try train(kind, ["--workers", "\(workers)"], output: "a.safetensors").wait()
      #expect(run.status == 0, "\(run.errors)")
      #expect(try folder.bytes("a.safetensors") == expected, "\(workers) workers")
    }
  }

  /// A local worker hangs before it has joined, for example in a system call that never returns.
  @Test func hangingLocalWorkerIsReplaced() throws {
    let expected = try expectedModel("forest")
    let started = try train("forest", ["--workers", "2", "--worker-timeout", "2000"], output: "a.safetensors")
    try started.waitUntil { started.process.children.count == 2 }
    let hanging = started.process.children[1]
    kill(hanging, SIGSTOP)
    let run = try started.wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("does not respond") || run.errors.contains("joined: ") && kill(hanging, 0) != 0)
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  @Test func eventLogRecordsWorkersAndResult() throws {
    let options = ["--workers", "2", "--events", folder.file("e.jsonl")]
    let run = try train("forest", options, output: "a.safetensors").wait()
    #expect(run.status == 0, "\(run.errors)")
    let lines = String(decoding: try folder.bytes("e.jsonl"), as: UTF8.self).split(separator: "\n")
    let events = try lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    let texts = events.compactMap { $0["text"] as? String }
    #expect(texts.count { $0.hasPrefix("joined: ") } == 2)
    #expect(events.last?["event"] as? String == "result")
    let result = try #require(events.last?["result"] as? [String: Any])
    #expect(result["kind"] as? String == "forest")
  }

  /// The workers are started one after the other, with different numbers of threads and instruction sets, as on
  /// different hosts.
  @Test(arguments: ["cnn", "forest", "knn"])
  func modelIsIndependentOfThreadsAndInstructionSetsOfWorkers(kind: String) throws {
    let expected = try expectedModel(kind)
    let port = freePort()
    let run = try train(
      kind, ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "2"], output: "a.safetensors")
    let workers = try [("1", "portable"), ("3", "avx2")].map { threads, instructionSet in
      try worker(port, ["--threads", threads], environment: ["ATELIER_ISA": instructionSet])
    }
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
    for worker in workers {
      #expect(worker.process.isRunning, "workers wait for the next coordinator")
      kill(worker.process.processIdentifier, SIGTERM)
      #expect(try worker.wait().status == 143)
    }
  }

  @Test func workerServesSeveralCoordinatorsInTurn() throws {
    let port = freePort()
    let worker = try worker(port)
    for kind in ["forest", "cnn", "tree", "knn"] {
      let run = try train(kind, ["--listen", "tcp://127.0.0.1:\(port)"], output: "\(kind).safetensors").wait()
      #expect(run.status == 0, "\(run.errors)")
      #expect(try folder.bytes("\(kind).safetensors") == expectedModel(kind))
    }
    kill(worker.process.processIdentifier, SIGTERM)
    _ = try worker.wait()
  }

  func worker(
    _ port: UInt16, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(
      ["worker", "--join", "tcp://127.0.0.1:\(port)", "--threads", "1"] + options, in: folder,
      environment: environment)
  }

  /// The digests are those of one process on Fashion-MNIST.
  @Test(arguments: [
    (["cnn", "--epochs", "1"], "fd6ae1e4f764b03b"), (["forest", "--trees", "300"], "3ac3d7dd32e7c8c7"),
    (["tree", "--criterion", "entropy"], "84f320eabb061633"), (["knn", "--neighbors", "7"], "08fead47afe26b91"),
  ]) func digestsOfFashionMNISTModelsAreKnown(fit: [String], digest: String) throws {
    let run = try AtelierProcess(
      ["train"] + fit + ["--data", "fashion-mnist", "--workers", "2", "--output", "a.safetensors"], in: folder)
    #expect(run.status == 0 && run.output.contains(" \(digest)"), "\(run.output) \(run.errors)")
  }

  @Test func evaluationIsIndependentOfWorkerCount() throws {
    _ = try expectedModel("knn")
    let runs = try [[], ["--workers", "2"]].map { options in
      try AtelierProcess(["evaluate", "whole.safetensors", "--data", data] + options, in: folder)
    }
    #expect(runs.allSatisfy { $0.status == 0 } && runs[0].output == runs[1].output)
  }

  // MARK: Failures

  @Test(arguments: ["cnn", "forest"]) func runOfKilledCoordinatorIsResumed(kind: String) throws {
    let expected = try expectedModel(kind)
    let run = try train(kind, ["--workers", "2"], output: "a.safetensors")
    let saved = ["cnn": "a.checkpoint.safetensors", "forest": "a.parts"][kind]!
    try waitUntil {
      folder.names(in: saved).contains { $0.hasSuffix(".part") } || kind == "cnn" && folder.names.contains(saved)
    }
    let workers = run.process.children
    kill(run.process.processIdentifier, SIGKILL)
    _ = try run.wait()
    try waitUntil { workers.allSatisfy { kill($0, 0) != 0 } }
    // The saved state contains the path of the data set.
    let resumed = try AtelierProcess(["train", kind, "--resume", saved, "--workers", "3"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  /// Remote workers lose their connection to the killed coordinator and join the resumed one without help.
  @Test func workersRejoinResumedCoordinator() throws {
    let expected = try expectedModel("cnn")
    let port = freePort()
    let listening = ["--listen", "tcp://127.0.0.1:\(port)"]
    let workers = try [worker(port), worker(port)]
    defer { for worker in workers { kill(worker.process.processIdentifier, SIGKILL) } }
    let run = try train("cnn", listening, output: "a.safetensors")
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") }
    kill(run.process.processIdentifier, SIGKILL)
    _ = try run.wait()
    let resumed = try AtelierProcess(
      ["train", "cnn", "--data", data, "--resume", "a.checkpoint.safetensors"] + listening, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  @Test func reportsAwaitedWorkers() throws {
    let port = freePort()
    let run = try train(
      "forest", ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "2", "--events", folder.file("e.jsonl")],
      output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    let address = "tcp://127.0.0.1:\(port)"
    let line = "waiting for 2 of 2 workers to join \(address); `atelier worker --join \(address)` starts one"
    try waitUntil { run.errorsSoFar.contains(line) }
    let events = String(decoding: try folder.bytes("e.jsonl"), as: UTF8.self)
    #expect(events.contains("waiting for 2 of 2 workers"))
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
  }

  /// The system gives the descriptor of a closed connection to the next one.
  @Test func reusedConnectionNumbersDoNotConfuseWorkers() throws {
    let port = freePort()
    let run = try train(
      "forest", ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "99"], output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("workers may join") }
    func count(_ word: String) -> Int { run.errorsSoFar.components(separatedBy: word).count - 1 }
    for number in 1...6 {
      let doctor = try AtelierProcess(
        ["doctor", "--join", "tcp://127.0.0.1:\(port)"], in: folder)
      #expect(doctor.status == 0, "\(doctor.output)")
      let worker = try worker(port)
      try waitUntil { count("joined: ") >= number }
      usleep(20_000)
      kill(worker.process.processIdentifier, SIGTERM)
      _ = try worker.wait()
      try waitUntil { count("left: ") + count("lost: ") >= number }
    }
    // A worker mistaken for another would be lost and join again.
    #expect(count("joined: ") == 6 && count("left: ") + count("lost: ") == 6, "\(run.errorsSoFar)")
  }

  /// The local worker is killed once more than it is restarted. The job ends only once there is no other worker.
  @Test func crashingLocalWorkersDoNotStopOtherWorkers() throws {
    let port = freePort()
    let waiting = ["--listen", "tcp://127.0.0.1:\(port)", "--workers", "1", "--min-workers", "99"]
    let run = try train("forest", waiting, output: "a.safetensors")
    defer { kill(run.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("workers may join") }
    let other = try worker(port)
    defer { kill(other.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.components(separatedBy: "joined: ").count == 3 }
    for _ in 0..<9 {
      try waitUntil { !run.process.children.isEmpty }
      for local in run.process.children {
        kill(local, SIGKILL)
        try waitUntil { !run.process.children.contains(local) }
      }
    }
    usleep(500_000)
    #expect(run.process.isRunning && run.process.children.isEmpty, "\(run.errorsSoFar)")
    kill(other.process.processIdentifier, SIGTERM)
    let ended = try run.wait()
    #expect(ended.status == 69 && ended.errors.contains("crash repeatedly"), "\(ended.errors)")
  }

  // MARK: Keys

  /// The worker's key is added to the coordinator's list while the coordinator runs.
  @Test func keyAddedDuringJobIsAccepted() throws {
    for (name, keys) in [("coordinator", "keys1"), ("other", "keys3"), ("late", "keys2")] {
      #expect(try AtelierProcess(["keys", name, "--keys", folder.file(keys)], in: folder).status == 0)
    }
    func copy(_ name: String, from: String, to: String) throws {
      try FileManager.default.copyItem(
        atPath: folder.file("\(from)/\(name).public"), toPath: folder.file("\(to)/\(name).public"))
    }
    try copy("coordinator", from: "keys1", to: "keys2")
    try copy("other", from: "keys3", to: "keys1")
    try folder.write("invalid", to: "keys1/broken.public")
    let port = freePort()
    let run = try train(
      "forest", ["--listen", "tcp://127.0.0.1:\(port)", "--keys", folder.file("keys1")], output: "a.safetensors")
    let worker = try worker(port, ["--keys", folder.file("keys2")])
    defer { kill(worker.process.processIdentifier, SIGKILL) }
    try waitUntil { run.errorsSoFar.contains("with an unlisted key") }
    try copy("late", from: "keys2", to: "keys1")
    let ended = try run.wait()
    #expect(ended.status == 0 && ended.errors.contains("keys reloaded: 2 workers may join"), "\(ended.errors)")
    #expect(ended.errors.contains("ignored in the folder of keys: \(folder.file("keys1"))/broken.public holds no key"))
  }

  // MARK: Invalid use

  @Test func requiresKeysBeyondLoopback() throws {
    for arguments in [
      ["train", "forest", "--data", data, "--listen", "tcp://0.0.0.0:7700", "--keys", folder.file("keys")],
      ["worker", "--join", "tcp://192.0.2.1:7700", "--keys", folder.file("keys")],
    ] {
      let run = try AtelierProcess(arguments, in: folder)
      #expect(run.status == 69 && run.errors.contains("keys"), "\(run.errors)")
    }
  }

  @Test func keysAreNeverOverwritten() throws {
    let arguments = ["keys", "own", "--keys", folder.file("keys")]
    #expect(try AtelierProcess(arguments, in: folder).status == 0)
    let again = try AtelierProcess(arguments, in: folder)
    #expect(again.status == 73 && again.errors.contains("already exists"), "\(again.errors)")
  }

  /// A coordinator may be killed before the worker that it started checks its parent process.
  @Test func localWorkerEndsWithItsCoordinator() throws {
    let arguments = ["worker", "--join", "tcp://127.0.0.1:\(freePort())", "--parent", "\(Int32.max)"]
    #expect(try AtelierProcess(arguments, in: folder).status == 0)
  }

  @Test func usedPortIsAnErrorAtOnce() throws {
    let port = freePort()
    let first = try train("forest", ["--listen", "tcp://127.0.0.1:\(port)"], output: "a.safetensors")
    try waitUntil { first.errorsSoFar.contains("workers may join") }
    let second = try train("forest", ["--listen", "tcp://127.0.0.1:\(port)"], output: "b.safetensors").wait()
    #expect(second.status == 69 && second.errors.contains("the port is already in use"))
    kill(first.process.processIdentifier, SIGINT)
    #expect(try first.wait().status == 130)
  }

  @Test(arguments: [
    ["--workers", "-1"], ["--workers", "1000000"], ["--min-workers", "3"], ["--listen", "7700"],
    ["--listen", "tcp://x:0"], ["--listen", "udp://127.0.0.1:1"], ["--worker-timeout", "1"], ["--report"],
  ]) func refusesInvalidOptions(options: [String]) throws {
    let run = try train("forest", options, output: "a.safetensors").wait()
    #expect(run.status == 64 && run.errors.contains("Error: "), "\(run.errors)")
    #expect(folder.names == ["data"])
  }
}
