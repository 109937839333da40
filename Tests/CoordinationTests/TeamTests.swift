import Coordination
import Foundation
import SwiftProtobuf
import Testing

/// The assignment of workers to the jobs of teams.
struct TeamTests {
  private var coordinator = Coordinator(session: 7, numerics: 3, limits: Self.limits)
  private var statuses: UInt64 = 0
  private var now = 0
  /// The newest orders of each worker.
  private var orders: [WorkerID: Orders] = [:]
  private var ends: [Coordinator.JobEnd] = []

  private static var limits: Limits {
    var limits = Limits()
    limits.checkedFraction = 0
    return limits
  }

  private mutating func take(_ actions: [Coordinator.Action]) {
    for action in actions {
      if case .send(let orders, let worker) = action { self.orders[worker] = orders }
      if case .end(let end, _) = action { ends.append(end) }
    }
  }

  private mutating func report(
    _ worker: WorkerID, membership: Membership? = nil, error: WorkError? = nil, threads: UInt32 = 1
  ) {
    statuses += 1
    let status = WorkerStatus.with {
      ($0.number, $0.coordinator, $0.orders) = (statuses, 7, orders[worker]?.number ?? 0)
      ($0.profile.threads, $0.profile.numerics) = (threads, 3)
      if let error { $0.error = error }
      if let membership { $0.membership = membership }
    }
    take(coordinator.handle(.status(status), from: worker, at: now))
  }

  private mutating func lose(_ worker: WorkerID, after time: Milliseconds = 1_000) {
    now += time
    orders[worker] = nil
    take(coordinator.handle(.disconnected, from: worker, at: now))
  }

  private mutating func begin(team: Team) -> UInt64 {
    take(coordinator.begin(.training(TrainingGroup(savedStep: 0)), description: [], team: team, at: now))
    return coordinator.lastJob
  }

  /// Lets workers report that they are ready for a job, or have stopped in it after `step` steps.
  private mutating func join(_ workers: WorkerID..., job: UInt64, step: UInt64 = 0) {
    for _ in 0..<2 {
      for worker in workers {
        report(
          worker,
          membership: Membership.with {
            ($0.job, $0.generation, $0.step) = (job, orders[worker]!.group.generation, step)
            $0.stopped = true
          })
      }
    }
  }

  private mutating func finish(_ job: UInt64, by worker: WorkerID) {
    let group = orders[worker]!.group
    for member in group.members where group.members.count > 1 {
      let end = Comparison.with { ($0.step, $0.finished, $0.tensorDigests) = (9, true, [4]) }
      report(
        member.worker,
        membership: .with {
          ($0.job, $0.generation, $0.step, $0.comparisons) = (job, group.generation, 9, [end])
        })
    }
    let digest = StateName(step: 9, tensors: [4]).digest
    let checkpoint = Checkpoint.with { ($0.job, $0.step, $0.finished, $0.digest) = (job, 9, true, digest) }
    take(coordinator.handle(.checkpoint(checkpoint), from: worker, at: now))
  }

  private mutating func tick() {
    now += 100
    take(coordinator.tick(at: now))
  }

  private func workers(of job: UInt64) -> [WorkerID] {
    coordinator.overview.filter { $0.job == job }.map(\.id)
  }

  private mutating func start(workers count: Int) {
    take(coordinator.startTeams(awaiting: count, at: now))
    for worker in 1...WorkerID(count) { report(worker) }
  }

  @Test mutating func teamsStartWhileWorkersAreAvailable() {
    take(coordinator.startTeams(awaiting: 5, at: 0))
    for worker in 1...4 as ClosedRange<WorkerID> { report(worker) }
    #expect(!coordinator.hasWorkers(forTeamOf: 2), "the fifth worker is awaited")
    report(5)
    var jobs: [UInt64] = []
    while coordinator.hasWorkers(forTeamOf: 2) { jobs.append(begin(team: Team(of: 2))) }
    #expect(jobs.map(workers) == [[1, 2], [3, 4]])
    #expect(orders[1]?.job.id == jobs[0] && orders[4]?.job.id == jobs[1] && orders[5]?.hasJob == false)
  }

  @Test mutating func idleWorkerJoinsSmallTeam() {
    start(workers: 5)
    let jobs = [begin(team: Team(of: 2, atMost: 2)), begin(team: Team(of: 2))]
    tick()
    #expect(jobs.map(workers) == [[1, 2], [3, 4, 5]], "the first team cannot use more workers")
    report(6)
    #expect(coordinator.hasWorkers(forTeamOf: 2), "one idle worker, and one in excess of a team's size")
    let third = begin(team: Team(of: 2))
    #expect(workers(of: third) == [5, 6] && jobs.map(workers) == [[1, 2], [3, 4]])
  }

  @Test mutating func nonMembersMoveFirst() {
    start(workers: 3)
    let first = begin(team: Team(of: 2))
    tick()
    join(1, 3, job: first)
    report(4)
    let second = begin(team: Team(of: 2))
    #expect(workers(of: second) == [2, 4])
  }

  @Test mutating func smallClusterFormsOneTeam() {
    start(workers: 2)
    let job = begin(team: Team(of: 3))
    #expect(workers(of: job) == [1, 2] && !coordinator.hasWorkers(forTeamOf: 3))
    report(3)
    report(4)
    #expect(workers(of: job) == [1, 2, 3] && !coordinator.hasWorkers(forTeamOf: 3))
  }

  @Test mutating func freeWorkerJoinsTheTeamThatLacksMost() {
    start(workers: 4)
    let jobs = [begin(team: Team(of: 2)), begin(team: Team(of: 2))]
    for worker in [2, 3] as [WorkerID] { lose(worker) }
    lose(4, after: 100)
    report(5)
    #expect(jobs.map(workers) == [[1], [5]], "a team without workers gets new ones")
    report(6)
    report(7)
    #expect(jobs.map(workers) == [[1, 6], [5, 7]])
  }

  @Test mutating func evaluationPrecedesTraining() {
    start(workers: 4)
    let jobs = [begin(team: Team(of: 2)), begin(team: Team(of: 2))]
    join(1, 2, job: jobs[0])
    lose(3)
    finish(jobs[0], by: 1)
    #expect(ends == [.trained] && workers(of: jobs[1]) == [1, 4])
    take(coordinator.begin(.tasks(TaskPool(tasks: [0..<9])), description: [], team: Team(of: 2), at: now))
    let evaluation = coordinator.lastJob
    lose(4)
    report(5)
    #expect(workers(of: evaluation) == [2, 5] && workers(of: jobs[1]) == [1])
    #expect(orders[2]?.chunks.map(\.first) == [0, 1])
  }

  @Test mutating func membersReceiveOrdersOfTheirTeamOnly() {
    start(workers: 4)
    let jobs = [begin(team: Team(of: 2)), begin(team: Team(of: 2))]
    join(1, 2, job: jobs[0])
    let first = orders[1]!.group
    #expect(first.begun && first.members.map(\.worker) == [1, 2])
    join(3, job: jobs[0])
    #expect(orders[1]!.group == first && !orders[3]!.hasGroup, "a report about the job of another team is ignored")
    join(3, 4, job: jobs[1])
    #expect(orders[3]!.group.members.map(\.worker) == [3, 4] && orders[1]!.group == first)
  }

  @Test mutating func jobThatAWholeTeamCannotDoIsImpossible() {
    start(workers: 4)
    let jobs = [begin(team: Team(of: 2)), begin(team: Team(of: 2))]
    report(1, error: .with { $0.reason = "training diverged" })
    #expect(ends.isEmpty && workers(of: jobs[0]) == [2], "the worker may be the cause; it is not replaced")
    report(2, error: .with { $0.reason = "training diverged" })
    #expect(ends == [.impossible(reason: "training diverged")] && workers(of: jobs[1]) == [3, 4])
    let third = begin(team: Team(of: 2))
    #expect(workers(of: third) == [1, 2], "the workers can do other jobs")
  }

  /// Otherwise the job would wait for other workers forever.
  @Test mutating func jobThatNoRemainingWorkerCanDoIsImpossible() {
    start(workers: 2)
    _ = begin(team: Team(of: 2))
    report(1, error: .with { $0.reason = "training diverged" })
    lose(2)
    #expect(ends == [.impossible(reason: "training diverged")])
  }

  /// Whether memory is sufficient depends on the host: other workers try, and it is no result of the fit if all fail.
  @Test mutating func otherWorkersReplaceThoseWithTooLittleMemory() {
    let error = WorkError.with { ($0.reason, $0.insufficientMemory) = ("it needs 9 GiB", true) }
    start(workers: 3)
    let job = begin(team: Team(of: 1))
    for worker in 1...3 as ClosedRange<WorkerID> {
      #expect(ends.isEmpty && workers(of: job) == [worker])
      report(worker, error: error)
    }
    #expect(ends == [.abandoned(reason: "it needs 9 GiB")])
    let next = begin(team: Team(of: 3))
    #expect(workers(of: next) == [1, 2, 3], "the workers can do other jobs")
    report(1, error: error)
    #expect(ends.count == 1 && workers(of: next) == [2, 3])
    lose(2)
    lose(3)
    #expect(ends.count == 1, "the other workers may return")
    pass(11_000, 1)
    #expect(ends.count == 2, "the only worker left has too little memory")
  }

  /// A worker that receives no orders cannot work in a team.
  @Test mutating func unresponsiveWorkersFormNoTeam() {
    start(workers: 2)
    for _ in 0..<60 {
      now += 250
      report(1)
      orders[2] = nil
      report(2)
      take(coordinator.tick(at: now))
    }
    #expect(coordinator.workerCount == 1)
    let first = begin(team: Team(of: 1))
    #expect(workers(of: first) == [1] && !coordinator.hasWorkers(forTeamOf: 1))
    #expect(coordinator.overview.first { $0.id == 2 }?.exclusionReason == "receives no orders")
    let second = begin(team: Team(of: 1))
    #expect(workers(of: second).isEmpty)
    report(2)
    #expect(workers(of: second) == [2], "the worker receives orders again")
  }

  /// Lets time pass, in which these workers report their status.
  private mutating func pass(_ time: Milliseconds, _ workers: WorkerID...) {
    for _ in 0..<time / 250 {
      now += 250
      for worker in workers { report(worker) }
      take(coordinator.tick(at: now))
    }
  }

  private var isAbandoned: Bool { if case .abandoned? = ends.first { true } else { false } }

  @Test mutating func crashingTrainingIsAbandoned() {
    start(workers: 2)
    let job = begin(team: Team(of: 2))
    join(1, 2, job: job)
    pass(20_000, 1, 2)
    lose(1)
    report(3)
    lose(2)
    report(4)
    join(3, 4, job: job, step: 50)
    #expect(ends.isEmpty, "the training made progress after the first two crashes")
    var (next, crashes): (WorkerID, Int) = (5, 0)
    for _ in 0..<4_000 where ends.isEmpty {
      for victim in workers(of: job) {
        lose(victim, after: 10)
        (next, crashes) = (next + 1, crashes + 1)
      }
      pass(250, next)
    }
    #expect(isAbandoned && ends.count == 1 && crashes < 12, "\(ends) after \(crashes) crashes")
  }

  /// Each worker is restarted at once, so that the time between two crashes is always shorter than a heartbeat.
  @Test mutating func crashingTrainingIsAbandonedDespiteImmediateRestarts() {
    start(workers: 1)
    let job = begin(team: Team(of: 1))
    var (worker, crashes): (WorkerID, Int) = (1, 0)
    for _ in 0..<4_000 where ends.isEmpty {
      now += 250
      if workers(of: job).contains(worker) {
        crashes += 1
        take(coordinator.handle(.disconnected, from: worker, at: now))
        worker += 1
      }
      report(worker)
      take(coordinator.tick(at: now))
    }
    #expect(isAbandoned && crashes < 12, "\(ends) after \(crashes) crashes")
  }

  /// Three workers have crashed silently. Before they are declared lost, their job ends and they are given another one,
  /// which is not the cause.
  @Test mutating func workerLostBeforeTheJobDoesNotCount() {
    start(workers: 4)
    let first = begin(team: Team(of: 4))
    join(1, 2, 3, 4, job: first)
    finish(first, by: 4)
    for (crashed, time) in [(1, 4_000), (2, 7_000), (3, 10_000)] as [(WorkerID, Int)] {
      now = time
      report(crashed)
    }
    now = 11_000
    report(4)
    _ = begin(team: Team(of: 4))
    for time in stride(from: 11_100, through: 30_000, by: 100) {
      now = time
      report(4)
      take(coordinator.tick(at: now))
    }
    #expect(coordinator.workerCount == 1 && ends == [.trained])
  }

  @Test mutating func simultaneousLossesAreOneFailure() {
    start(workers: 8)
    let job = begin(team: Team(of: 8))
    for worker in 1...8 as ClosedRange<WorkerID> {
      take(coordinator.handle(.disconnected, from: worker, at: now))
    }
    #expect(ends.isEmpty)
    report(9)
    #expect(workers(of: job) == [9])
  }

  @Test mutating func reconnectedMemberCausesNoAbandonment() {
    start(workers: 2)
    let job = begin(team: Team(of: 2))
    for _ in 0..<9 {
      lose(1)
      report(1)
    }
    #expect(ends.isEmpty && workers(of: job) == [1, 2])
  }
}
