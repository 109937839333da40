import Coordination
import SwiftProtobuf

/// A job of a simulation, with the files that the coordinator keeps. The next coordinator knows nothing else.
protocol SimulatedJob: AnyObject {
  /// Starts the job with a new coordinator.
  func begin(in simulation: Simulation)
  /// Keeps the bytes of an accepted result.
  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation)
  /// Keeps the bytes of an accepted checkpoint.
  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation)
  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation)
  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation)
  /// Called after each message and tick: the job may add tasks or end.
  func advance(in simulation: Simulation)
  /// Returns the work of a chunk.
  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork
}

extension SimulatedJob {
  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {}
  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {}
  func advance(in simulation: Simulation) {}
}

/// The work of a chunk.
struct SimulatedWork {
  /// The time that the chunk takes on a worker of speed 1.
  var milliseconds = 0
  /// The result.
  var body: [UInt64] = []
  /// The task that crashes the worker, if any.
  var cause: Int?
  var isCrashing: Bool { cause != nil }
  /// Why the chunk fails; nil if it does not.
  var error: WorkError?
}

extension Chunk {
  var tasks: Range<Int> { Int(first)..<Int(first + count) }
}

/// A job whose tasks are known from the start, like the trees of a forest.
final class SimulatedTasks: SimulatedJob {
  /// The time that each task takes on a worker of speed 1.
  let milliseconds: [Int]
  private let isUneven: Bool
  /// The number of workers to wait for.
  private let awaited: Int
  /// The tasks that crash workers, and the tasks that fail.
  var crashing: Set<Int> = []
  var failing: Set<Int> = []

  private(set) var done: Set<Int> = []
  private(set) var keptChunks = 0
  /// The chunks that the current coordinator has quarantined.
  private(set) var quarantined: [(chunk: Chunk, reason: String)] = []

  init(milliseconds: [Int], isUneven: Bool, awaiting awaited: Int = 1) {
    (self.milliseconds, self.isUneven, self.awaited) = (milliseconds, isUneven, awaited)
  }

  static let failure = "this cannot be done"

  private static func value(of task: Int) -> UInt64 { mixed(UInt64(task)) }

  func begin(in simulation: Simulation) {
    quarantined = []
    let missing = milliseconds.indices.filter { !done.contains($0) }
    let pool = TaskPool(tasks: missing.map { $0..<$0 + 1 }.joinedRanges(), isUneven: isUneven)
    simulation.command { [awaited] in $0.start(.tasks(pool), description: [], awaiting: awaited, at: $1) }
  }

  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork {
    SimulatedWork(
      milliseconds: chunk.tasks.reduce(0) { $0 + milliseconds[$1] }, body: chunk.tasks.map(Self.value),
      cause: chunk.tasks.first(where: crashing.contains),
      error: chunk.tasks.contains(where: failing.contains) ? .with { $0.reason = Self.failure } : nil)
  }

  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    keptChunks += 1
    for task in chunk.tasks where !done.insert(task).inserted { simulation.violate("task \(task) counts twice") }
    // A wrong result is accepted if no other worker computes the task.
    if simulation.faults.corruptWorkers == 0, body != chunk.tasks.map(Self.value) {
      simulation.violate("a wrong result of tasks \(chunk.tasks) is accepted")
    }
  }

  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {
    quarantined.append((chunk, reason))
  }

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { simulation.ended = end }
}

extension [Range<Int>] {
  /// Returns the ranges, with adjacent ranges joined.
  func joinedRanges() -> [Range<Int>] {
    reduce(into: []) { joined, range in
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
  }
}
