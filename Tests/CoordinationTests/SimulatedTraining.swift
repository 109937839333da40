import Coordination
import Foundation
import SwiftProtobuf

/// A network as workers are told of it. Its weights are one number, which follows from the gradient of every shard in every round: from one
/// that is missing, or counts twice, follow other weights.
struct SimulatedNetwork {
  /// What becomes of whoever takes a third step.
  enum Fate: UInt64 { case trains, dies, fails }

  let number: UInt64
  let rounds: UInt64
  let shards: Int
  var fate = Fate.trains
  /// Where whoever joins begins.
  var step: UInt64 = 0
  var weights: UInt64
  /// It is trained, and to be judged.
  var isTrained = false

  /// Elements of a gradient: it may be cut into buckets, and these into parts of members.
  static let gradientCount = 8
  static let failure = "it diverges"

  init(number: UInt64, rounds: UInt64, shards: Int, fate: Fate = .trains) {
    (self.number, self.rounds, self.shards, self.fate) = (number, rounds, shards, fate)
    weights = mixed(number)
  }

  var isFateful: Bool { fate != .trains && rounds > 2 }

  /// The sum over some shards of one element of the gradient.
  func gradient(of shards: Range<Int>, element: Int, weights: UInt64, step: UInt64) -> UInt64 {
    shards.reduce(0) { $0 &+ mixed(weights, step, UInt64($1), UInt64(element)) }
  }

  static func apply(_ gradient: [UInt64], to weights: UInt64) -> UInt64 { gradient.reduce(weights) { mixed($0, $1) } }

  /// After each step of one process that has all shards; the first are those that it begins with.
  var history: [UInt64] {
    var history = [mixed(number)]
    for step in 0..<rounds {
      let gradient = (0..<Self.gradientCount).map {
        self.gradient(of: 0..<shards, element: $0, weights: history.last!, step: step)
      }
      history.append(Self.apply(gradient, to: history.last!))
    }
    return history
  }

  /// Of a block of images.
  func judgement(of task: Int) -> UInt64 { mixed(weights, UInt64(task)) }

  // MARK: As it travels

  init?(_ description: some Collection<UInt8>) {
    let bytes = Array(description)
    guard bytes.count == 56 else { return nil }
    let numbers = bytes.withUnsafeBytes { bytes in
      (0..<7).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    self.init(number: numbers[0], rounds: numbers[1], shards: Int(numbers[2]), fate: Fate(rawValue: numbers[3])!)
    (step, weights, isTrained) = (numbers[4], numbers[5], numbers[6] == 1)
  }

  var description: [UInt8] {
    [number, rounds, UInt64(shards), fate.rawValue, step, weights, isTrained ? 1 : 0].withUnsafeBytes { Array($0) }
  }
}

/// One network that all workers train.
final class SimulatedTraining: SimulatedJob {
  /// With the newest checkpoint.
  private var network: SimulatedNetwork
  /// Of the network that has come to its end.
  private(set) var weights: UInt64?

  init(_ network: SimulatedNetwork) { self.network = network }

  var savedStep: UInt64 { network.step }
  var expectedWeights: UInt64 { network.history.last! }

  func begin(in simulation: Simulation) {
    simulation.command { [network] in
      $0.start(
        .training(
          TrainingGroup(
            savedStep: network.step, digest: StateName(step: network.step, tensors: [network.weights]).digest,
            rounds: network.rounds, shards: network.shards)), description: network.description, at: $1)
    }
  }

  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {
    simulation.check(weights, after: checkpoint.step, of: network)
    if checkpoint.finished { self.weights = weights }
    guard checkpoint.step > network.step else { return }
    (network.step, network.weights) = (checkpoint.step, weights)
    simulation.command { [network] in $0.describe(checkpoint.job, network.description, at: $1) }
  }

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { simulation.ended = end }

  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork { SimulatedWork() }
  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    simulation.violate("a training has no chunks")
  }
}
