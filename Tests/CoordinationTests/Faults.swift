import Coordination

/// A random generator for tests: SplitMix64 (Steele et al., 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return scrambled(state)
  }

  mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

private func scrambled(_ number: UInt64) -> UInt64 {
  var mixed = number
  mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
  mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
  return mixed ^ (mixed >> 31)
}

/// Returns a hash of the numbers in their order.
func mixed(_ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0) -> UInt64 {
  func add(_ number: UInt64, to state: UInt64) -> UInt64 {
    scrambled((state &+ 0x9E37_79B9_7F4A_7C15) &* 31 ^ number)
  }
  return add(fourth, to: add(third, to: add(second, to: add(first, to: 0))))
}

/// The rates of failures in a simulation, until `end`.
struct Faults {
  var end: Milliseconds = 20_000
  /// The probabilities that a message is lost, duplicated, or late.
  var loss = 0.0
  var doubling = 0.0
  var longDelay = 0.0
  /// The number of failures per second, here and below.
  var workerCrashes = 0.0
  var coordinatorCrashes = 0.0
  /// Failures of a host with half of the workers.
  var hostCrashes = 0.0
  /// Cut links between a worker and another worker or the coordinator.
  var partitions = 0.0
  /// Cut links between the coordinator and all workers.
  var blackouts = 0.0
  /// Links that are cut in one direction, for a while or for good.
  var oneWayCuts = 0.0
  /// Connections with the coordinator that are closed and opened again.
  var reconnects = 0.0
  /// Suspensions of a worker.
  var suspensions = 0.0
  var coordinatorSuspensions = 0.0
  /// The probability that a member loses the messages of a round before it uses them.
  var voidRounds = 0.0
  /// The probabilities that a new worker has a slow link, computes wrongly, or cannot do any job. They hold beyond
  /// `end`.
  var slowLinks = 0.0
  var corruptWorkers = 0.0
  var unableWorkers = 0.0
  /// The last step after which a corrupt worker begins to compute wrongly.
  var lastCorruption: UInt64 = 60

  static func random(_ random: inout SplitMix) -> Faults {
    var faults = Faults()
    func maybe(_ value: Double) -> Double { random.chance(0.6) ? Double.random(in: 0...value, using: &random) : 0 }
    faults.loss = maybe(0.3)
    faults.doubling = maybe(0.2)
    faults.longDelay = maybe(0.1)
    faults.workerCrashes = maybe(2)
    faults.coordinatorCrashes = maybe(0.15)
    faults.hostCrashes = maybe(0.1)
    faults.partitions = maybe(0.5)
    faults.blackouts = maybe(0.1)
    faults.oneWayCuts = maybe(0.3)
    faults.reconnects = maybe(0.3)
    faults.suspensions = maybe(0.5)
    faults.coordinatorSuspensions = maybe(0.1)
    faults.slowLinks = maybe(0.4)
    faults.voidRounds = maybe(0.02)
    return faults
  }

  /// Whether workers are lost only all together.
  var isPeaceful: Bool {
    workerCrashes == 0 && suspensions == 0 && partitions == 0 && hostCrashes == 0 && oneWayCuts == 0 && reconnects == 0
  }
}

/// The kinds of injected failures, for counting.
enum FaultKind: CaseIterable {
  case workerCrash, hostCrash, workerSuspension, coordinatorSuspension, coordinatorCrash, cut, oneWayCut, blackout
  case reconnect, lostMessage, doubledMessage, lateMessage, voidRound
}

extension Limits {
  /// Returns limits that the command line accepts.
  static func random(_ random: inout SplitMix) -> Limits {
    var limits = Limits()
    limits.heartbeat = Int.random(in: 100...1_000, using: &random)
    limits.workerTimeout = limits.heartbeat * Int.random(in: 4...24, using: &random)
    limits.retryInterval = Int.random(in: 500...5_000, using: &random)
    limits.maxFailures = Int.random(in: 1...6, using: &random)
    limits.queueLength = Int.random(in: 1...4, using: &random)
    limits.resendTimeout = Int.random(in: 100...1_000, using: &random)
    return limits
  }
}

extension Simulation {
  func injectFaults() {
    guard now < faults.end else { return }
    let victims = workers.keys.sorted()
    func happens(_ perSecond: Double) -> Bool { random.chance(perSecond / 4) }
    if happens(faults.workerCrashes), let victim = victims.randomElement(using: &random) {
      count(.workerCrash)
      killWorker(victim)
    }
    if happens(faults.hostCrashes) {
      count(.hostCrash)
      for victim in victims.prefix((victims.count + 1) / 2) { killWorker(victim) }
    }
    if happens(faults.suspensions), let victim = victims.randomElement(using: &random) {
      count(.workerSuspension)
      workers[victim]?.suspendedUntil = now + Int.random(in: 500...15_000, using: &random)
    }
    if happens(faults.partitions), let (victim, other) = pair(of: victims) {
      count(.cut)
      cut(victim, other, for: Int.random(in: 200...14_000, using: &random))
    }
    if happens(faults.oneWayCuts), let pair = pair(of: victims) {
      count(.oneWayCut)
      let (sender, receiver) = random.chance(0.5) ? pair : (pair.1, pair.0)
      let isForGood = random.chance(0.4)
      cutOneWay(
        from: sender, to: receiver, for: isForGood ? .max / 2 : Int.random(in: 200...14_000, using: &random))
      // Otherwise no worker might remain that can work.
      if isForGood { startWorker() }
    }
    if happens(faults.reconnects), let victim = victims.randomElement(using: &random) {
      count(.reconnect)
      closeConnection(of: victim)
    }
    if happens(faults.blackouts) {
      count(.blackout)
      let duration = Int.random(in: 200...14_000, using: &random)
      for victim in victims { cut(victim, 0, for: duration) }
    }
    if happens(faults.coordinatorSuspensions) {
      count(.coordinatorSuspension)
      suspendCoordinator(for: Int.random(in: 200...40_000, using: &random))
    }
    if happens(faults.coordinatorCrashes) { killCoordinator() }
    schedule(after: 250) { $0.injectFaults() }
  }

  /// Returns a worker, and another worker or the coordinator (0).
  private func pair(of victims: [WorkerID]) -> (WorkerID, WorkerID)? {
    victims.randomElement(using: &random).map {
      ($0, random.chance(0.5) ? 0 : victims.randomElement(using: &random)!)
    }
  }
}
