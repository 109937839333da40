import Compute
import Foundation
import Testing

/// Real processes that are killed, suspended, stopped and started in the middle of a job: its result has the same bytes as that of one process.
///
/// Each run injects two failures of each kind, in an order, at moments and into workers that a seed chooses. Where they strike depends on
/// the machine as well. A job that ends before all have struck begins anew, so that every run has all of them. `deploy/soak` runs this from ever
/// new seeds, and sums up what each run appends to the file that ATELIER_CHAOS_LOG names.
@Suite struct ChaosTests {
  private static let failuresOfEachKind = 2
  private static let mostRounds = 100
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ChaosJob.allCases, [1]) func failuresChangeNothing(job: ChaosJob, number: UInt64) throws {
    let first = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
    var run = ChaosRun(job, seed: first &+ number, in: folder)
    let whole = try run.resultOfOneProcess()
    defer { run.end() }

    var order = Array(0..<Self.failuresOfEachKind * ChaosFailure.allCases.count)
    run.draws.shuffle(&order)
    var failures = order.map { ChaosFailure.allCases[$0 / Self.failuresOfEachKind] }
    var isEqual = true
    func finishRound() throws {
      let ended = try run.finish()
      isEqual = isEqual && ended.status == 0 && (try? job.result(in: folder)) == whole
      #expect(ended.status == 0, "\(run): \(ended.errors)")
      #expect(try job.result(in: folder) == whole, "\(run): \(ended.errors)")
    }
    try run.begin()
    while let failure = failures.last, isEqual, run.rounds <= Self.mostRounds {
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

/// One job with failures.
private struct ChaosRun: CustomStringConvertible {
  let job: ChaosJob
  let seed: UInt64
  let folder: TemporaryFolder
  var draws: RandomSequence
  /// Failures that have been seen to strike.
  private(set) var injected: [ChaosFailure: Int] = [:]
  /// How often the job has begun from its start.
  private(set) var rounds = 0
  private let port = freePort()
  private var coordinator: AtelierProcess.Started?
  private var joined: [AtelierProcess.Started] = []

  init(_ job: ChaosJob, seed: UInt64, in folder: TemporaryFolder) {
    (self.job, self.seed, self.folder) = (job, seed, folder)
    draws = RandomSequence(seed: seed, .test)
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

  /// Starts the job from its beginning.
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
    // From here on there is something that can fail.
    while isRunning, coordinator?.errorsSoFar.contains("joined: ") == false { usleep(2_000) }
  }

  var isRunning: Bool { coordinator?.process.isRunning ?? false }

  private mutating func pause(below milliseconds: UInt32) { usleep(draws.next(below: milliseconds) * 1000) }

  /// One of the workers that are alive: a local one, or one that has joined.
  private mutating func worker() -> SystemProcess? {
    let numbers = (coordinator?.process.children ?? []) + joined.map(\.process.processIdentifier)
    let workers = numbers.map(SystemProcess.init).filter(\.isAlive)
    return workers.isEmpty ? nil : workers[Int(draws.next(below: UInt32(workers.count)))]
  }

  /// - Returns: whether the failure has struck a job that was running.
  mutating func inject(_ failure: ChaosFailure) throws -> Bool {
    pause(below: 250)
    guard let coordinator, isRunning else { return false }
    let leader = SystemProcess(number: coordinator.process.processIdentifier)
    let hasStruck: Bool
    switch failure {
    case .workerKilled: hasStruck = worker()?.receive(SIGKILL) ?? false
    case .workerTerminated: hasStruck = worker()?.receive(SIGTERM) ?? false
    case .workerSuspended: hasStruck = worker().map { suspend($0) } ?? false
    case .coordinatorSuspended: hasStruck = suspend(leader)
    case .workerJoined: hasStruck = try join()
    case .coordinatorKilled: hasStruck = try end(coordinator, by: SIGKILL, status: -SIGKILL)
    case .coordinatorStopped:
      let signals = [(SIGINT, Int32(130)), (SIGTERM, 143), (SIGHUP, 129)]
      let (signal, status) = signals[Int(draws.next(below: 3))]
      hasStruck = try end(coordinator, by: signal, status: status)
    }
    if hasStruck { injected[failure, default: 0] += 1 }
    return hasStruck
  }

  private mutating func suspend(_ process: SystemProcess) -> Bool {
    guard process.receive(SIGSTOP) else { return false }
    pause(below: 1000)
    return process.receive(SIGCONT)
  }

  /// A worker of another host, as it were; it counts once the coordinator has seen it.
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

  /// Ends the coordinator, and continues with what it has left; a coordinator that had done its work before is left to be judged.
  private mutating func end(_ coordinator: AtelierProcess.Started, by signal: Int32, status: Int32) throws -> Bool {
    kill(coordinator.process.processIdentifier, signal)
    guard try coordinator.wait().status == status else { return false }
    try start(job.resumption(in: folder))
    return true
  }

  /// Waits for the end of the round.
  func finish() throws -> AtelierProcess { try coordinator!.wait() }

  /// Ends all processes that are left.
  func end() {
    for process in joined + (coordinator.map { [$0] } ?? []) where process.process.isRunning {
      kill(process.process.processIdentifier, SIGKILL)
    }
  }

  /// One line: the job, the seed, how often it has begun, whether all results were equal, and the failures by kind.
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
  var description: String { "the run in one process has failed: \(reason)" }
}
