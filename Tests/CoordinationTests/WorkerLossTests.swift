import Coordination
import SwiftProtobuf
import Testing

/// What is blamed for the loss of workers, and what is not; and what a coordinator makes of its own absence.
struct WorkerLossTests {
  private let limits = Limits()
  private var coordinator = Coordinator(session: 1, numerics: 1, limits: Limits())
  private var statuses: UInt64 = 0
  private var now = 0
  /// The newest that each was told.
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

  /// A worker says that it is there, and follows its newest orders.
  private mutating func report(_ worker: WorkerID, isDeaf: Bool = false) {
    report(worker, following: isDeaf ? 0 : orders[worker]?.number ?? 0)
  }

  private mutating func report(_ worker: WorkerID, following number: UInt64) {
    statuses += 1
    let status = WorkerStatus.with {
      ($0.number, $0.profile.threads, $0.profile.numerics, $0.coordinator) = (statuses, 1, 1, 1)
      $0.orders = number
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

  /// Time passes, in which these workers say that they are there.
  private mutating func pass(_ time: Milliseconds, _ workers: WorkerID...) {
    let end = now + time
    while now < end {
      now = min(now + 250, end)
      for worker in workers { report(worker) }
      take(coordinator.tick(at: now))
    }
  }

  private func tasks(of worker: WorkerID) -> [UInt64] { orders[worker]!.chunks.map(\.first) }

  /// Unit 0 has killed two workers, and a third one has completed another task. - Returns: the third, which has nothing
  /// in hand
  private mutating func crashTwoWorkers() -> WorkerID {
    start(tasks: 2)
    for worker in 1...2 as ClosedRange<WorkerID> {
      report(worker)
      #expect(tasks(of: worker).first == 0)
      disconnect(worker)
      pass(1_000)
    }
    report(3)
    #expect(tasks(of: 3) == [1], "only a worker that has proved itself tries the third time")
    complete(1, by: 3)
    #expect(tasks(of: 3).isEmpty, "it has been there for a moment only")
    return 3
  }

  @Test mutating func taskIsQuarantinedAfterCrashOfProvenWorker() {
    let third = crashTwoWorkers()
    pass(limits.workerTimeout, third)
    #expect(tasks(of: third) == [0])
    disconnect(third)
    pass(limits.workerTimeout - 500)
    #expect(quarantined.isEmpty && ends.isEmpty, "perhaps it is only cut off")
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
      #expect(tasks(of: third) == [0], "it goes on with what it has in hand")
      pass(2 * limits.workerTimeout, third)
    }
    #expect(quarantined.isEmpty)
    complete(0, by: third)
    #expect(ends == [.done(quarantined: [])])
  }

  /// What a lost worker had in hand it has again, though others have begun with it meanwhile; the first result counts.
  @Test mutating func reconnectedWorkerGetsItsQueueBack() {
    start(tasks: 4)
    report(1)
    #expect(tasks(of: 1) == [0, 1])
    disconnect(1)
    pass(1_000)
    report(2)
    #expect(tasks(of: 2) == [0], "what a worker seems to have died of is tried alone")
    report(1)
    #expect(tasks(of: 1) == [0, 1])
    complete(0, by: 1)
    #expect(tasks(of: 1).first == 1 && !tasks(of: 2).contains(0))
  }

  /// Fits of ten minutes on workers that live about as long: three losses at one of them are no reason.
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

  /// Connections were closed meanwhile by the workers, to whom the coordinator was silent.
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
    #expect(losses == [.silent], "from then on, deadlines are as ever")
  }

  /// A process that is late again and again notices who is lost all the same.
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

  // MARK: Links of one direction

  @Test mutating func workerWithoutOrdersLosesItsChunks() {
    start(tasks: 9)
    for _ in 0..<60 {
      now += 250
      report(1, isDeaf: true)
      take(coordinator.tick(at: now))
    }
    #expect(losses == [.unresponsive])
    #expect(coordinator.workerCount == 1 && orders[1]?.chunks.isEmpty == true && orders[1]?.hasJob == false)
    report(1)
    #expect(tasks(of: 1) == [0, 1], "it hears again")
  }

  /// Word takes longer than silence may last. Once that is known, the worker can work.
  @Test mutating func slowWorkerIsUnresponsiveOnlyOnce() {
    start(tasks: 9)
    var told: [(time: Milliseconds, number: UInt64)] = []
    for _ in 0..<400 {
      now += 250
      report(1, following: told.last { $0.time <= now - limits.workerTimeout * 3 / 2 }?.number ?? 0)
      take(coordinator.tick(at: now))
      told.append((now, orders[1]?.number ?? 0))
    }
    #expect(losses == [.unresponsive] && tasks(of: 1) == [0, 1])
  }
}
