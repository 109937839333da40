internal import Coordination
internal import SwiftProtobuf

/// One coordinator and many workers in simulated time, without failures.
struct TaskSimulation {
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
  private static func milliseconds(_ task: UInt64) -> Int { 20 + Int((task &* 0x9E37_79B9_7F4A_7C15) >> 33) % 21 }

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
