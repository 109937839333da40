import Coordination
import Foundation
import SwiftProtobuf

/// A worker process: the real state machines with simulated work.
final class SimulatedWorker {
  let id: WorkerID
  private let limits: Limits
  private let speed: Double
  /// The additional delay of all its messages.
  var linkDelay: Milliseconds = 0
  /// Whether the worker computes wrong results.
  var isCorrupt = false
  /// The fault of the worker's host in trainings.
  var corruption: Corruption?
  /// The size of the smallest group in which the fault occurs. The fault of a single member cannot be detected.
  var leastMembersToCorrupt = 2
  var hasCorrupted = false
  /// Whether its messages to other members have a wrong length.
  var sendsInvalid = false
  /// Whether the worker cannot do any job.
  var isUnable = false
  var suspendedUntil: Milliseconds = 0
  private var worker: Worker
  private var description: [UInt8] = []
  /// The chunks that were started. The worker computes the first.
  private var started: [Chunk] = []
  /// The number of chunks that the worker has begun.
  private var turns = 0
  /// The bytes of the results that the coordinator may still request.
  private var results: [UInt64: [UInt64]] = [:]
  private var checkpoint: (step: UInt64, weights: UInt64)?
  private var member: SimulatedMember?
  private var preparations = 0

  init(id: WorkerID, limits: Limits, speed: Double) {
    (self.id, self.limits, self.speed) = (id, limits, speed)
    let profile = Profile.with {
      ($0.host, $0.threads, $0.numerics) = ("simulated", 1, 1)
    }
    worker = Worker(id: id, profile: profile, limits: limits)
  }

  /// Runs `body` now, or when the suspended worker resumes.
  func whenAwake(_ simulation: Simulation, _ body: @escaping (SimulatedWorker, Simulation) -> Void) {
    if simulation.now >= suspendedUntil { return body(self, simulation) }
    let id = id
    simulation.schedule(after: suspendedUntil - simulation.now) { simulation in
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
    self.checkpoint = (checkpoint.step, weights)
    handle(.checkpoint(checkpoint), in: simulation)
  }

  func receive(_ message: SimulatedMember.Message, in simulation: Simulation) {
    whenAwake(simulation) { $0.member?.receive(message, in: $1) }
  }

  private func perform(_ actions: [Worker.Action], in simulation: Simulation) {
    for action in actions {
      switch action {
      case .send(let status): simulation.sendToCoordinator(.status(status), from: id)
      case .sendResult(let result):
        simulation.sendToCoordinator(.result(result), results[result.chunk] ?? [], from: id)
      case .sendCheckpoint(let sent):
        // An earlier action of the same list may have produced a newer checkpoint.
        guard let checkpoint, checkpoint.step == sent.step else { continue }
        simulation.sendToCoordinator(.checkpoint(sent), [checkpoint.weights], from: id)
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

  /// Returns whether `member` is the current member of this worker.
  func isCurrent(_ member: SimulatedMember) -> Bool { self.member === member }

  private func prepare(_ job: Job, in simulation: Simulation) {
    preparations += 1
    description = [UInt8](job.description_p)
    let (id, preparation, network) = (id, preparations, SimulatedNetwork(description))
    simulation.schedule(after: Int.random(in: 10...500, using: &simulation.random)) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.preparations == preparation else { return }
        if worker.isUnable {
          return worker.handle(.jobFailed(job: job.id, .with { $0.reason = "it cannot do any job" }), in: simulation)
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

  /// Computes the first chunk that was started.
  private func work(in simulation: Simulation) {
    guard let chunk = started.first, !isUnable else { return }
    turns += 1
    simulation.begunChunks += 1
    let (id, turn, work) = (id, turns, simulation.job.work(on: chunk, description))
    let duration = Int(Double(work.milliseconds) / speed)
    simulation.schedule(after: duration) { simulation in
      simulation.workers[id]?.whenAwake(simulation) { worker, simulation in
        guard worker.turns == turn, worker.started.first == chunk else { return }
        worker.started.removeFirst()
        if let cause = work.cause { return simulation.killWorker(id, by: .task(cause)) }
        let body = worker.isCorrupt ? work.body.map { $0 ^ id } : work.body
        worker.results[chunk.id] = body
        worker.handle(
          .chunkEnded(
            chunk.id, digest: body.flatMap { number in withUnsafeBytes(of: number) { Array($0) } },
            milliseconds: duration, error: work.error), in: simulation)
        worker.work(in: simulation)
      }
    }
  }
}
