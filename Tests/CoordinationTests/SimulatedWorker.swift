import Coordination
import Foundation
import SwiftProtobuf

/// A worker process: the real state machines, and pretended work.
final class SimulatedWorker {
  let id: WorkerID
  private let limits: Limits
  private let speed: Double
  /// All that it sends and gets takes so much longer.
  var linkDelay: Milliseconds = 0
  /// It computes something else than the others.
  var isLiar = false
  /// What its host does to a training.
  var corruption: Corruption?
  /// It does so in groups of so many members or more: nobody can find out what a member does that trains alone.
  var leastMembersToCorrupt = 2
  var hasSpoiled = false
  /// What it sends other members of a training has another length than it must have.
  var sendsUnfit = false
  /// It cannot do any job.
  var isUnfit = false
  var frozenUntil: Milliseconds = 0
  private var worker: Worker
  private var description: [UInt8] = []
  /// The first is worked on.
  private var started: [Chunk] = []
  /// How often work on a chunk has begun.
  private var turns = 0
  /// The bytes of results and of the newest checkpoint that may still be asked for.
  private var results: [UInt64: [UInt64]] = [:]
  private var checkpoint: [UInt64] = []
  private var member: SimulatedMember?
  private var preparations = 0

  init(id: WorkerID, limits: Limits, speed: Double) {
    (self.id, self.limits, self.speed) = (id, limits, speed)
    let profile = Profile.with {
      ($0.host, $0.threads, $0.numerics) = ("simulated", 1, 1)
    }
    worker = Worker(id: id, profile: profile, limits: limits)
  }

  /// What a frozen process is told waits until it goes on.
  func whenAwake(_ simulation: Simulation, _ body: @escaping (SimulatedWorker, Simulation) -> Void) {
    if simulation.now >= frozenUntil { return body(self, simulation) }
    let id = id
    simulation.schedule(after: frozenUntil - simulation.now) { simulation in
      guard let worker = simulation.workers[id] else { return }
      worker.whenAwake(simulation, body)
    }
  }

  func tick(in simulation: Simulation) {
    whenAwake(simulation) { $0.perform($0.worker.tick(at: $1.now), in: $1) }
    whenAwake(simulation) { $0.member?.tick(in: $1) }
    let id = id
    simulation.schedule(after: limits.heartbeat / 2) { $0.workers[id]?.tick(in: $0) }
  }

  func handle(_ event: Worker.Event, in simulation: Simulation) {
    whenAwake(simulation) { $0.perform($0.worker.handle(event, at: $1.now), in: $1) }
  }

  func send(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {
    self.checkpoint = [weights]
    handle(.checkpoint(checkpoint), in: simulation)
  }

  func receive(_ message: SimulatedMember.Message, in simulation: Simulation) {
    whenAwake(simulation) { $0.member?.receive(message, in: $1) }
  }

  private func perform(_ actions: [Worker.Action], in simulation: Simulation) {
    for action in actions {
      switch action {
      case .send(let status): simulation.tellCoordinator(.status(status), from: id)
      case .sendResult(let result):
        simulation.tellCoordinator(.result(result), results[result.chunk] ?? [], from: id)
      case .sendCheckpoint(let sent): simulation.tellCoordinator(.checkpoint(sent), checkpoint, from: id)
      case .prepare(let job): prepare(job, in: simulation)
      case .dropJob:
        preparations += 1
        simulation.droppedJobs += 1
        (member, started, results) = (nil, [], [:])
      case .start(let chunk): start(chunk, in: simulation)
      case .cancel(let chunk): cancel(chunk, in: simulation)
      case .forget(let chunk): results[chunk] = nil
      case .forgetCheckpoint: break
      case .follow(let group): if let group { member?.follow(group, in: simulation) }
      case .end: simulation.killWorker(id)
      }
    }
  }

  /// Whether a member is the one that works here, and not one that was given up.
  func isCurrent(_ member: SimulatedMember) -> Bool { self.member === member }

  private func prepare(_ job: Job, in simulation: Simulation) {
    preparations += 1
    description = [UInt8](job.description_p)
    let (id, preparation, network) = (id, preparations, SimulatedNetwork(description))
    simulation.schedule(after: Int.random(in: 10...500, using: &simulation.random)) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.preparations == preparation else { return }
        if worker.isUnfit {
          return worker.handle(.jobFailed(job: job.id, reason: "it is unfit"), in: simulation)
        }
        guard let network, !network.isTrained else { return }
        worker.member = SimulatedMember(worker, job: job.id, network, speed: worker.speed, limits: worker.limits)
        worker.member!.join(in: simulation)
      }
    }
  }

  private func start(_ chunk: Chunk, in simulation: Simulation) {
    started.append(chunk)
    if started.count == 1 { work(in: simulation) }
  }

  private func cancel(_ chunk: UInt64, in simulation: Simulation) {
    let wasWorkedOn = started.first?.id == chunk
    started.removeAll { $0.id == chunk }
    if wasWorkedOn { work(in: simulation) }
  }

  /// On the first chunk that was started.
  private func work(in simulation: Simulation) {
    guard let chunk = started.first, !isUnfit else { return }
    turns += 1
    simulation.begunChunks += 1
    let (id, turn, work) = (id, turns, simulation.job.work(on: chunk, description))
    let duration = Int(Double(work.milliseconds) / speed)
    simulation.schedule(after: duration) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.turns == turn, worker.started.first == chunk else { return }
        worker.started.removeFirst()
        if let culprit = work.culprit { return simulation.killWorker(id, by: .task(culprit)) }
        let body = worker.isLiar ? work.body.map { $0 ^ id } : work.body
        worker.results[chunk.id] = body
        worker.handle(
          .chunkEnded(
            chunk.id, digest: body.flatMap { number in withUnsafeBytes(of: number) { Array($0) } },
            milliseconds: duration, failure: work.failure), in: simulation)
        worker.work(in: simulation)
      }
    }
  }
}
