import Compute
import Foundation
import Testing

/// Kills, suspends, stops and starts real processes during a job, whose result must equal that of one process byte for
/// byte.
///
/// Each test injects two failures of each kind; a seed determines their order, times and workers. The state of the job
/// when a failure occurs also depends on the machine. A job that ends before all failures were injected is started
/// again. `deploy/soak` repeats the test with new seeds and summarizes the lines that it appends to the file named by
/// ATELIER_CHAOS_LOG.
@Suite struct ChaosTests {
  private static let failuresOfEachKind = 2
  private static let maxRounds = 100
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ChaosJob.allCases, [1]) func failuresChangeNothing(job: ChaosJob, number: UInt64) throws {
    let first = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
    var run = ChaosRun(job, seed: first &+ number, in: folder)
    let expectedResult = try run.resultOfOneProcess()
    defer { run.end() }

    var order = Array(0..<Self.failuresOfEachKind * ChaosFailure.allCases.count)
    run.random.shuffle(&order)
    var failures = order.map { ChaosFailure.allCases[$0 / Self.failuresOfEachKind] }
    var isEqual = true
    func finishRound() throws {
      let ended = try run.finish()
      isEqual = isEqual && ended.status == 0 && (try? job.result(in: folder)) == expectedResult
      #expect(ended.status == 0, "\(run): \(ended.errors)")
      #expect(try job.result(in: folder) == expectedResult, "\(run): \(ended.errors)")
    }
    try run.begin()
    while let failure = failures.last, isEqual, run.rounds <= Self.maxRounds {
      if try run.inject(failure) {
        failures.removeLast()
      } else if !run.isRunning {
        try finishRound()
        try run.begin()
      }
    }
    try finishRound()
    run.writeLog(isEqual: isEqual)
    let expected = Dictionary(uniqueKeysWithValues: ChaosFailure.allCases.map { ($0, Self.failuresOfEachKind) })
    #expect(run.injected == expected, "\(run)")
  }
}

/// A job into which failures are injected.
private struct ChaosRun: CustomStringConvertible {
  let job: ChaosJob
  let seed: UInt64
  let folder: TemporaryFolder
  var random: RandomSequence
  /// The number of injected failures of each kind.
  private(set) var injected: [ChaosFailure: Int] = [:]
  /// The number of times that the job was started from the beginning.
  private(set) var rounds = 0
  private let port = freePort()
  private var coordinator: AtelierProcess.Started?
  private var joined: [AtelierProcess.Started] = []

  init(_ job: ChaosJob, seed: UInt64, in folder: TemporaryFolder) {
    (self.job, self.seed, self.folder) = (job, seed, folder)
    random = RandomSequence(seed: seed, .test)
  }

  var description: String { "\(job.rawValue), seed \(seed), round \(rounds), injected \(counts)" }

  private var counts: String {
    ChaosFailure.allCases.map { "\($0.rawValue)=\(injected[$0] ?? 0)" }.joined(separator: " ")
  }

  mutating func resultOfOneProcess() throws -> Data {
    try job.prepare(in: folder)
    let run = try AtelierProcess(job.command + ["--threads", "1"], in: folder)
    guard run.status == 0 else { throw ChaosError(reason: run.errors) }
    defer { try? job.clear(folder) }
    return try job.result(in: folder)
  }

  /// Starts the job from the beginning.
  mutating func begin() throws {
    if rounds > 0 { try job.clear(folder) }
    rounds += 1
    try start(job.command)
  }

  private mutating func start(_ command: [String]) throws {
    let workers = job == .teams ? "4" : "2"
    coordinator = try AtelierProcess.Started(
      command + [
        "--listen", "tcp://127.0.0.1:\(port)", "--workers", workers, "--heartbeat", "50", "--worker-timeout", "500",
      ], in: folder)
    // Failures are injected only after the first worker has joined.
    while isRunning, coordinator?.errorsSoFar.contains("joined: ") == false { usleep(2_000) }
  }

  var isRunning: Bool { coordinator?.process.isRunning ?? false }

  private mutating func pause(below milliseconds: UInt32) { usleep(random.next(below: milliseconds) * 1000) }

  /// Returns a random worker among the local and the joined ones; nil if none is alive.
  private mutating func worker() -> SystemProcess? {
    let numbers = (coordinator?.process.children ?? []) + joined.map(\.process.processIdentifier)
    let workers = numbers.map(SystemProcess.init).filter(\.isAlive)
    return workers.isEmpty ? nil : workers[Int(random.next(below: UInt32(workers.count)))]
  }

  /// - Returns: false if the failure came too late: the process or the job had ended
  mutating func inject(_ failure: ChaosFailure) throws -> Bool {
    pause(below: 250)
    guard let coordinator, isRunning else { return false }
    let coordinatorProcess = SystemProcess(number: coordinator.process.processIdentifier)
    let hasOccurred: Bool
    switch failure {
    case .workerKilled: hasOccurred = worker()?.receive(SIGKILL) ?? false
    case .workerTerminated: hasOccurred = worker()?.receive(SIGTERM) ?? false
    case .workerSuspended: hasOccurred = worker().map { suspend($0) } ?? false
    case .coordinatorSuspended: hasOccurred = suspend(coordinatorProcess)
    case .workerJoined: hasOccurred = try join()
    case .coordinatorKilled: hasOccurred = try end(coordinator, by: SIGKILL, status: -SIGKILL)
    case .coordinatorStopped:
      let signals = [(SIGINT, Int32(130)), (SIGTERM, 143), (SIGHUP, 129)]
      let (signal, status) = signals[Int(random.next(below: 3))]
      hasOccurred = try end(coordinator, by: signal, status: status)
    }
    if hasOccurred { injected[failure, default: 0] += 1 }
    return hasOccurred
  }

  private mutating func suspend(_ process: SystemProcess) -> Bool {
    guard process.receive(SIGSTOP) else { return false }
    pause(below: 1000)
    return process.receive(SIGCONT)
  }

  /// Starts a worker as another host would, and waits until the coordinator reports that it has joined.
  private mutating func join() throws -> Bool {
    let worker = try AtelierProcess.Started(
      ["worker", "--join", "tcp://127.0.0.1:\(port)", "--threads", "1"], in: folder)
    joined.append(worker)
    let text = "process \(worker.process.processIdentifier),"
    while isRunning, worker.process.isRunning {
      if coordinator?.errorsSoFar.contains(text) == true { return true }
      usleep(2_000)
    }
    return false
  }

  /// Ends the coordinator with a signal and resumes the job.
  /// - Returns: false if the coordinator had finished the job before
  private mutating func end(_ coordinator: AtelierProcess.Started, by signal: Int32, status: Int32) throws -> Bool {
    kill(coordinator.process.processIdentifier, signal)
    guard try coordinator.wait().status == status else { return false }
    try start(job.resumption(in: folder))
    return true
  }

  /// Waits until the coordinator ends.
  func finish() throws -> AtelierProcess { try coordinator!.wait() }

  /// Kills all processes that are still running.
  func end() {
    for process in joined + (coordinator.map { [$0] } ?? []) where process.process.isRunning {
      kill(process.process.processIdentifier, SIGKILL)
    }
  }

  /// Appends one line: the job, the seed, the number of rounds and of equal results, and the failures by kind.
  func writeLog(isEqual: Bool) {
    guard let path = ProcessInfo.processInfo.environment["ATELIER_CHAOS_LOG"] else { return }
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(file) }
    let equal = isEqual ? rounds : rounds - 1
    let line = Array("\(job.rawValue) seed=\(seed) rounds=\(rounds) equal=\(equal) \(counts)\n".utf8)
    _ = write(file, line, line.count)
  }
}

private struct ChaosError: Error, CustomStringConvertible {
  let reason: String
  var description: String { "the run in one process failed: \(reason)" }
}
