internal import Coordination
internal import Foundation
internal import SwiftProtobuf
internal import Text

/// Simulates the limits of a large cluster: the state machines with many workers in simulated time, and a model of the
/// gradient exchange.
struct SimulationBenchmark {
  struct Tasks: Encodable {
    let workers: Int
    let units: Int
    let simulatedSeconds: Double
    /// The duration if no worker ever waited.
    let idealSeconds: Double
    let messagesPerUnit: Double
    let coordinatorMicrosecondsPerUnit: Double
  }

  struct Exchange: Encodable {
    let workers: Int
    let gigabits: Double
    let milliseconds: Double
    /// The fraction of the ideal speedup, which is the number of workers.
    let efficiency: Double
  }

  struct Result: Encodable {
    let tasks: [Tasks]
    let exchange: [Exchange]
  }

  static func run() -> Result {
    Result(
      tasks: [(10, 100_000), (100, 100_000), (1_000, 100_000)].map { workers, tasks in
        var simulation = TaskSimulation(workers: workers, tasks: tasks)
        return simulation.run()
      },
      exchange: [2, 4, 8, 16, 64, 256, 1_000].flatMap { workers in
        [1.0, 10, 100].map { ExchangeModel(workers: workers, gigabits: $0).result }
      })
  }

  static func text(_ result: Result) -> String {
    var tasks = TextTable(
      [.right, .right, .right, .right, .right, .right],
      header: ["workers", "tasks", "simulated s", "ideal s", "messages/task", "coordinator µs/task"])
    for row in result.tasks {
      tasks.add([
        "\(row.workers)", "\(row.units)", formatted(row.simulatedSeconds, digits: 2),
        formatted(row.idealSeconds, digits: 2), formatted(row.messagesPerUnit, digits: 3),
        formatted(row.coordinatorMicrosecondsPerUnit, digits: 2),
      ])
    }
    var exchange = TextTable(
      [.right, .right, .right, .right], header: ["workers", "Gbit/s", "step ms", "efficiency"])
    for row in result.exchange {
      exchange.add([
        "\(row.workers)", formatted(row.gigabits, digits: 0), formatted(row.milliseconds, digits: 1),
        formatted(100 * row.efficiency, digits: 0) + " %",
      ])
    }
    return """
      Tasks of 20 to 40 ms, distributed by the state machines, with a message delay of 1 ms:

      \(tasks.text)

      Model of a step of the default network: 8 shards per worker, links with a delay of 0.1 ms:

      \(exchange.text)
      """
  }
}

/// One coordinator and many workers in simulated time, without failures.
private struct TaskSimulation {
  private enum Event {
    case toCoordinator(WorkerID, Coordinator.Event)
    case toWorker(WorkerID, Worker.Event)
    /// The worker has completed its first chunk, unless its turn has changed.
    case computed(WorkerID, turn: Int)
    case tick
  }

  private let workerCount: Int
  private let taskCount: Int
  private var coordinator = Coordinator(session: 1, numerics: 1, limits: Limits())
  private var workers: [WorkerID: Worker] = [:]
  /// The chunks that each worker has started, of which it computes the first, and the number of chunks it has begun.
  private var started: [WorkerID: [Chunk]] = [:]
  private var turns: [WorkerID: Int] = [:]
  private var events = EventQueue<Event>()
  private var now: Milliseconds = 0
  private var (messages, microseconds) = (0, 0.0)
  private var isDone = false

  private static let delay: Milliseconds = 1
  private static let tick: Milliseconds = 250

  init(workers: Int, tasks: Int) { (workerCount, taskCount) = (workers, tasks) }

  /// The duration of a task: from 20 to 40 ms, the same on every worker.
  private static func milliseconds(_ task: UInt64) -> Int { 20 + Int(task &* 0x9E37_79B9_7F4A_7C15 >> 33) % 21 }

  private static func milliseconds(_ chunk: Chunk) -> Int {
    (chunk.first..<chunk.first + chunk.count).reduce(0) { $0 + milliseconds($1) }
  }

  mutating func run() -> SimulationBenchmark.Tasks {
    for id in 1...UInt64(workerCount) {
      let profile = Profile.with { ($0.threads, $0.numerics) = (1, 1) }
      workers[id] = Worker(id: id, profile: profile, limits: Limits())
    }
    let (pool, awaited) = (TaskPool(tasks: [0..<taskCount]), workerCount)
    take { $0.start(.tasks(pool), description: [], awaiting: awaited, at: $1) }
    events.add(.tick, at: 0)
    while !isDone, let (time, event) = events.next() {
      now = time
      handle(event)
    }
    let work = (0..<UInt64(taskCount)).reduce(0) { $0 + Self.milliseconds($1) }
    return SimulationBenchmark.Tasks(
      workers: workerCount, units: taskCount, simulatedSeconds: Double(now) / 1000,
      idealSeconds: Double(work) / Double(workerCount) / 1000, messagesPerUnit: Double(messages) / Double(taskCount),
      coordinatorMicrosecondsPerUnit: microseconds / Double(taskCount))
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .toCoordinator(let worker, let event):
      messages += 1
      take { $0.handle(event, from: worker, at: $1) }
    case .toWorker(let id, let event): perform(workers[id]!.handle(event, at: now), by: id)
    case .computed(let id, let turn):
      guard turns[id] == turn, let chunk = started[id]?.first else { return }
      started[id]!.removeFirst()
      let ended = Worker.Event.chunkEnded(chunk.id, digest: [1], milliseconds: Self.milliseconds(chunk), error: nil)
      perform(workers[id]!.handle(ended, at: now), by: id)
      compute(id)
    case .tick:
      take { $0.tick(at: $1) }
      for id in workers.keys.sorted() { perform(workers[id]!.tick(at: now), by: id) }
      events.add(.tick, at: now + Self.tick)
    }
  }

  /// Calls a method of the coordinator, measures it, and carries out its actions.
  private mutating func take(_ body: (inout Coordinator, Milliseconds) -> [Coordinator.Action]) {
    let start = ContinuousClock.now
    let now = now
    let actions = body(&coordinator, now)
    microseconds += (ContinuousClock.now - start) / .microseconds(1)
    for action in actions {
      switch action {
      case .send(let orders, let id):
        messages += 1
        events.add(.toWorker(id, .orders(orders, coordinator: 1)), at: now + Self.delay)
      case .end: isDone = true
      default: break
      }
    }
  }

  private mutating func perform(_ actions: [Worker.Action], by id: WorkerID) {
    for action in actions {
      switch action {
      case .send(let status): events.add(.toCoordinator(id, .status(status)), at: now + Self.delay)
      case .sendResult(let result): events.add(.toCoordinator(id, .result(result)), at: now + Self.delay)
      case .start(let chunk):
        started[id, default: []].append(chunk)
        if started[id]!.count == 1 { compute(id) }
      case .cancel(let chunk):
        let wasComputed = started[id]?.first?.id == chunk
        started[id]?.removeAll { $0.id == chunk }
        if wasComputed { compute(id) }
      default: break
      }
    }
  }

  /// Schedules the completion of the first chunk that the worker has started.
  private mutating func compute(_ id: WorkerID) {
    guard let chunk = started[id]?.first else { return }
    turns[id, default: 0] += 1
    events.add(.computed(id, turn: turns[id]!), at: now + Self.milliseconds(chunk))
  }
}

/// A model of the duration of a step: computing, then sending (with two members, one exchange of the whole gradient;
/// with more, reduce-scatter and all-gather).
///
/// The batch grows with the number of workers, so that computing takes the same time for any number of them.
private struct ExchangeModel {
  let workers: Int
  let gigabits: Double

  /// The time of the default network on one core of the machine of the README's figures.
  private static let computeMilliseconds = 43.0
  private static let gradientBytes = 2_670_000.0
  private static let latencyMilliseconds = 0.1
  /// The cost of each message to its sender and receiver, independent of its size.
  private static let messageMilliseconds = 0.02
  /// The time of the last shard's backward pass, during which complete buckets are sent.
  private static let overlapMilliseconds = 3.2

  var result: SimulationBenchmark.Exchange {
    let bytes = workers == 2 ? Self.gradientBytes : 2 * Self.gradientBytes * Double(workers - 1) / Double(workers)
    let phases = workers == 2 ? 1.0 : 2.0
    let sending = bytes * 8 / (gigabits * 1e6)
    let buckets = workers <= 16 ? 4.0 : 1
    let messages = phases * buckets * Double(workers - 1) * 2 * Self.messageMilliseconds
    // Only the first phase overlaps with computing, except for the last bucket.
    let hidden = buckets > 1 ? min(Self.overlapMilliseconds, 0.9 * sending / phases) : 0
    let step = Self.computeMilliseconds + sending - hidden + phases * Self.latencyMilliseconds + messages
    return SimulationBenchmark.Exchange(
      workers: workers, gigabits: gigabits, milliseconds: step, efficiency: Self.computeMilliseconds / step)
  }
}
