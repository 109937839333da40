import Coordination

/// What a coordinator has its workers do, and what it leaves on disk: that is all that the next coordinator knows.
protocol SimulatedJob: AnyObject {
  /// Another coordinator begins.
  func begin(in simulation: Simulation)
  /// The bytes of a chunk count.
  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation)
  /// So do those of a checkpoint.
  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation)
  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation)
  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation)
  /// Something has come, or time has passed: there may be more to do.
  func goOn(in simulation: Simulation)
  /// What a worker does that has a chunk of a job.
  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork
}

extension SimulatedJob {
  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {}
  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {}
  func goOn(in simulation: Simulation) {}
}

/// What a chunk asks of whoever works on it.
struct SimulatedWork {
  /// For a worker of speed 1.
  var milliseconds = 0
  /// What it comes to.
  var body: [UInt64] = []
  /// What kills whoever does it.
  var culprit: Int?
  var isDeadly: Bool { culprit != nil }
  /// Why it cannot be done; empty as a rule.
  var failure = ""
}

extension Chunk {
  var tasks: Range<Int> { Int(first)..<Int(first + count) }
}

/// Units that are known from the start, as the trees of a forest are.
final class SimulatedTasks: SimulatedJob {
  /// How long each takes a worker of speed 1.
  let milliseconds: [Int]
  private let isUneven: Bool
  /// Workers to wait for.
  private let awaited: Int
  /// Units that kill, and tasks that cannot be done.
  var deadly: Set<Int> = []
  var failing: Set<Int> = []

  private(set) var done: Set<Int> = []
  private(set) var keptChunks = 0
  /// As the coordinator in hand has told.
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
      culprit: chunk.tasks.first(where: deadly.contains),
      failure: chunk.tasks.contains(where: failing.contains) ? Self.failure : "")
  }

  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    keptChunks += 1
    for task in chunk.tasks where !done.insert(task).inserted { simulation.violate("task \(task) counts twice") }
    // Who alone has done a task is believed.
    if simulation.faults.liars == 0, body != chunk.tasks.map(Self.value) {
      simulation.violate("other bytes count for tasks \(chunk.tasks)")
    }
  }

  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {
    quarantined.append((chunk, reason))
  }

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { simulation.ended = end }
}

extension [Range<Int>] {
  /// Neighbours become one.
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
