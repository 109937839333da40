import Coordination

/// A search whose networks are trained by teams: what it would have on disk, and what the coordinator in hand is about.
struct SimulatedTrials {
  let size: Int
  private let all: [SimulatedTraining]
  /// Blocks of images that judge each.
  private let units: Int
  /// A trial begins when all but so many of those before it have ended: a search that learns from what it has found.
  private let lookAhead: Int

  /// How often each has ended, and why some were given up.
  private(set) var ends: [UInt64: Int] = [:]
  private(set) var givenUp: [UInt64: String] = [:]
  private(set) var mostAtOnce = 0

  private enum Phase { case training, trained, judging }
  private var waiting: [SimulatedTraining] = []
  private var open: [UInt64: (training: SimulatedTraining, phase: Phase)] = [:]
  /// That waits for its judging to be begun.
  private var trained: SimulatedTraining?
  private var judged: [UInt64: [Int: Int]] = [:]

  init(count: Int, size: Int, lookAhead: Int = .max / 2, random: inout SplitMix) {
    (self.size, self.lookAhead) = (size, lookAhead)
    units = Int.random(in: 1...12, using: &random)
    all = (0..<count).map { number in
      SimulatedTraining(
        trial: UInt64(number), rounds: UInt64.random(in: 1...40, using: &random),
        shards: [1, 4, 8, 12][Int.random(in: 0..<4, using: &random)])
    }
  }

  func rounds(of trial: Int) -> UInt64 { all[trial].rounds }
  var isIdle: Bool { open.isEmpty }
  var areDone: Bool { ends.count == all.count && open.isEmpty }

  /// Another coordinator knows what has ended, and nothing else.
  mutating func beginAnew() {
    (open, judged) = ([:], [:])
    waiting = all.filter { ends[$0.trial] == nil }
  }

  mutating func next() -> SimulatedTraining? {
    guard let first = waiting.first, Int(first.trial) - ends.count <= lookAhead else { return nil }
    return waiting.removeFirst()
  }

  mutating func begin(_ training: SimulatedTraining, job: UInt64) {
    open[job] = (training, .training)
    mostAtOnce = max(mostAtOnce, open.count)
  }

  mutating func judge(job: UInt64) { open[job] = (trained!, .judging) }

  /// - Returns: what is wrong
  mutating func keep(_ chunk: Chunk, of job: UInt64) -> String? {
    guard open[job]?.phase == .judging else { return "a result of a job that is not judging counts" }
    for unit in Int(chunk.first)..<Int(chunk.first + chunk.count) { judged[job, default: [:]][unit, default: 0] += 1 }
    return judged[job]!.values.allSatisfy { $0 == 1 } ? nil : "a unit of job \(job) counts twice"
  }

  /// - Returns: what workers that join from now on are told
  func offer(_ checkpoint: Checkpoint) -> [UInt8]? {
    guard var training = open[checkpoint.job]?.training, !checkpoint.finished else { return nil }
    training.step = checkpoint.step
    return training.description
  }

  /// - Returns: how many units judge it, if that is what comes next
  mutating func end(_ job: UInt64, _ end: Coordinator.JobEnd) -> Int? {
    guard let (training, phase) = open.removeValue(forKey: job) else { return nil }
    switch (end, phase) {
    case (.trained, .training):
      trained = training
      return units
    case (.done(let setAside), .judging) where judged[job, default: [:]].count + setAside.count == units:
      ends[training.trial, default: 0] += 1
      if !setAside.isEmpty { givenUp[training.trial] = "set aside" }
    case (.givenUp(let reason), .training):
      ends[training.trial, default: 0] += 1
      givenUp[training.trial] = reason
    default: ends[training.trial, default: 0] += 100
    }
    return nil
  }
}
