import Coordination
import SwiftProtobuf
import Testing

/// The loss of workers: when tasks are quarantined, and how the coordinator handles its own pauses and links that work
/// in one direction.
struct WorkerLossTests {
  private let limits = Limits()
  private var coordinator = Coordinator(session: 1, numerics: 1, limits: Limits())
  private var statuses: UInt64 = 0
  private var now = 0
  /// The newest orders of each worker.
  private var orders: [WorkerID: Orders] = [:]
  private var losses: [Coordinator.Loss] = []
  private var quarantined: [UInt64] = []
  private var ends: [Coordinator.JobEnd] = []

  private mutating func take(_ actions: [Coordinator.Action]) {
    for action in actions {
      switch action {
      case .send(let orders, let worker): self.orders[worker] = orders
      case .note(.lost(_, let loss)): losses.append(loss)
      case .note(.quarantined(let chunk, _, _)): quarantined.append(chunk.first)
      case .end(let end, _): ends.append(end)
      default: break
      }
    }
  }

  private mutating func start(tasks: Int) {
    take(coordinator.start(.tasks(TaskPool(tasks: [0..<tasks], largestChunk: 1)), description: [], at: now))
  }

  /// Handles a status of a worker that follows its newest orders, unless it does not receive any.
  private mutating func report(_ worker: WorkerID, receivesOrders: Bool = true) {
    report(worker, following: !receivesOrders ? 0 : orders[worker]?.number ?? 0)
  }

  private mutating func report(
    _ worker: WorkerID, following number: UInt64, millisecondsSinceOrders: UInt32 = 0
  ) {
    statuses += 1
    let status = WorkerStatus.with {
      ($0.number, $0.profile.threads, $0.profile.numerics, $0.coordinator) = (statuses, 1, 1, 1)
      ($0.orders, $0.millisecondsSinceOrders) = (number, millisecondsSinceOrders)
    }
    take(coordinator.handle(.status(status), from: worker, at: now))
  }

  private mutating func disconnect(_ worker: WorkerID, after time: Milliseconds = 10) {
    now += time
    take(coordinator.handle(.disconnected, from: worker, at: now))
  }

  private mutating func complete(_ task: UInt64, by worker: WorkerID) {
    let chunk = orders[worker]!.chunks.first { $0.first == task }!
    let result = ChunkResult.with { ($0.job, $0.chunk, $0.milliseconds) = (orders[worker]!.job.id, chunk.id, 1) }
    take(coordinator.handle(.result(result), from: worker, at: now))
  }

  /// Lets time pass, in which these workers report their status.
  private mutating func pass(_ time: Milliseconds, _ workers: WorkerID...) {
    let end = now + time
    while now < end {
      now = min(now + 250, end)
      for worker in workers { report(worker) }
      take(coordinator.tick(at: now))
    }
  }

  private func tasks(of worker: WorkerID) -> [UInt64] { orders[worker]!.chunks.map(\.first) }

  /// Lets task 0 crash two workers, and a third worker complete another task.
  /// - Returns: The third worker, whose queue is empty.
  private mutating func crashTwoWorkers() -> WorkerID {
    start(tasks: 2)
    for worker in 1...2 as ClosedRange<WorkerID> {
      report(worker)
      #expect(tasks(of: worker).first == 0)
      disconnect(worker)
      pass(1_000)
    }
    report(3)
    #expect(tasks(of: 3) == [1], "only a proven worker tries task 0 a third time")
    complete(1, by: 3)
    #expect(tasks(of: 3).isEmpty, "the worker has just joined")
    return 3
  }

  @Test mutating func taskIsQuarantinedAfterCrashOfProvenWorker() {
    let third = crashTwoWorkers()
    pass(limits.workerTimeout, third)
    #expect(tasks(of: third) == [0])
    disconnect(third)
    pass(limits.workerTimeout - 500)
    #expect(quarantined.isEmpty && ends.isEmpty, "the worker may reconnect")
    pass(1_000)
    #expect(quarantined == [0] && ends.count == 1)
  }

  @Test mutating func reconnectedWorkerCausesNoQuarantine() {
    let third = crashTwoWorkers()
    pass(limits.workerTimeout, third)
    for _ in 0..<5 {
      disconnect(third)
      pass(limits.workerTimeout - 1_000)
      report(third)
      #expect(tasks(of: third) == [0], "the worker keeps its queue")
      pass(2 * limits.workerTimeout, third)
    }
    #expect(quarantined.isEmpty)
    complete(0, by: third)
    #expect(ends == [.done(quarantined: [])])
  }

  /// A reconnected worker gets its queue back, even if others have begun its chunks. The first result counts.
  @Test mutating func reconnectedWorkerGetsItsQueueBack() {
    start(tasks: 4)
    report(1)
    #expect(tasks(of: 1) == [0, 1])
    disconnect(1)
    pass(1_000)
    report(2)
    #expect(tasks(of: 2) == [0], "a suspect chunk is computed alone")
    report(1)
    #expect(tasks(of: 1) == [0, 1])
    complete(0, by: 1)
    #expect(tasks(of: 1).first == 1 && !tasks(of: 2).contains(0))
  }

  /// Tasks of ten minutes on workers that live about as long are not quarantined after three losses.
  @Test mutating func longTasksNeedMoreFailures() {
    start(tasks: 1)
    var worker: WorkerID = 0
    for _ in 0..<4 {
      worker += 1
      pass(600_000, worker)
      disconnect(worker)
      pass(1_000)
    }
    #expect(quarantined.isEmpty)
    pass(limits.workerTimeout)
    #expect(quarantined.isEmpty)
  }

  // MARK: Pauses

  /// The workers have closed their connections during the pause, because the coordinator was silent.
  @Test mutating func suspendedCoordinatorLosesNoWorker() {
    start(tasks: 9)
    pass(5_000, 1, 2)
    let before = orders
    now += 3_600_000
    disconnect(1)
    take(coordinator.tick(at: now))
    pass(limits.workerTimeout - 1_000, 2)
    #expect(losses.isEmpty && coordinator.workerCount == 2)
    report(1)
    #expect(orders[1]?.chunks == before[1]?.chunks && losses.isEmpty)
    pass(limits.workerTimeout + 1_000, 2)
    #expect(losses == [.silent], "the timeout applies again after the pause")
  }

  /// A process that is late again and again still declares silent workers lost.
  @Test mutating func lateCoordinatorStillLosesSilentWorkers() {
    start(tasks: 9)
    pass(5_000, 1, 2)
    for _ in 0..<100 where losses.isEmpty {
      now += 4_000
      report(2)
      take(coordinator.tick(at: now))
    }
    #expect(losses == [.silent] && coordinator.workerCount == 1)
  }

  // MARK: Links that work in one direction

  @Test mutating func workerWithoutOrdersLosesItsChunks() {
    start(tasks: 9)
    for _ in 0..<60 {
      now += 250
      report(1, receivesOrders: false)
      take(coordinator.tick(at: now))
    }
    #expect(losses == [.unresponsive])
    #expect(coordinator.workerCount == 0 && orders[1]?.chunks.isEmpty == true && orders[1]?.hasJob == false)
    report(1)
    #expect(tasks(of: 1) == [0, 1], "the worker receives orders again")
  }

  /// The worker has acknowledged its orders, and would never send its result again if that is lost.
  @Test mutating func workerThatReportsNoOrdersLosesItsChunks() {
    start(tasks: 9)
    report(1)
    report(1)
    var elapsed: UInt32 = 0
    for _ in 0..<80 where losses.isEmpty {
      (now, elapsed) = (now + 250, elapsed + 250)
      report(1, following: orders[1]!.number, millisecondsSinceOrders: elapsed)
      take(coordinator.tick(at: now))
    }
    #expect(losses == [.unresponsive] && coordinator.workerCount == 0)
  }

  /// New orders do not hide that none have arrived for a long time.
  @Test mutating func newOrdersDoNotHideAWorkerThatReceivesNothing() {
    start(tasks: 9)
    report(1)
    report(1)
    let acknowledged = orders[1]!.number
    for time in stride(from: 250, through: 17_000, by: 250) where losses.isEmpty {
      now += 250
      if time == 14_000 { take(coordinator.describe(coordinator.lastJob, [1], at: now)) }
      report(1, following: acknowledged, millisecondsSinceOrders: UInt32(time))
      take(coordinator.tick(at: now))
    }
    #expect(losses == [.unresponsive] && orders[1]!.number > acknowledged)
  }

  @Test mutating func awaitedWorkerMustReceiveOrders() {
    take(coordinator.start(.tasks(TaskPool(tasks: [0..<9])), description: [], awaiting: 2, at: now))
    for _ in 0..<60 {
      now += 250
      report(1, receivesOrders: false)
      take(coordinator.tick(at: now))
    }
    report(2)
    #expect(coordinator.awaitedWorkers?.joined == 1 && tasks(of: 2).isEmpty)
    report(1)
    #expect(coordinator.awaitedWorkers == nil && !tasks(of: 1).isEmpty && !tasks(of: 2).isEmpty)
  }

  /// Orders take longer to be confirmed than the worker timeout. Once that is known, the worker is given work.
  @Test mutating func slowWorkerIsUnresponsiveOnlyOnce() {
    start(tasks: 9)
    var sent: [(time: Milliseconds, number: UInt64)] = []
    for _ in 0..<400 {
      now += 250
      report(1, following: sent.last { $0.time <= now - limits.workerTimeout * 3 / 2 }?.number ?? 0)
      take(coordinator.tick(at: now))
      sent.append((now, orders[1]?.number ?? 0))
    }
    #expect(losses == [.unresponsive] && tasks(of: 1) == [0, 1])
  }
}
