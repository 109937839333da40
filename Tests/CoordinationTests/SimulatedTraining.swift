import Coordination
import Foundation
import SwiftProtobuf

/// The description of a network. Its weights are one number, which depends on the gradient of every shard in every
/// round: a gradient that is missing or counts twice changes the weights.
struct SimulatedNetwork {
  /// The effect of the third step on a member.
  enum Behavior: UInt64 { case trains, crashes, fails }

  let number: UInt64
  let rounds: UInt64
  let shards: Int
  var behavior = Behavior.trains
  /// The step of the newest checkpoint, with which workers begin.
  var step: UInt64 = 0
  var weights: UInt64
  /// Whether the training has ended, so that the network is to be evaluated.
  var isTrained = false

  /// The number of elements of a gradient. It is divided into buckets, and these into parts of the members.
  static let gradientCount = 8
  static let failure = "it diverges"

  init(number: UInt64, rounds: UInt64, shards: Int, behavior: Behavior = .trains) {
    (self.number, self.rounds, self.shards, self.behavior) = (number, rounds, shards, behavior)
    weights = mixed(number)
  }

  var isFaulty: Bool { behavior != .trains && rounds > 2 }

  /// Returns the sum over some shards of one element of the gradient.
  func gradient(of shards: Range<Int>, element: Int, weights: UInt64, step: UInt64) -> UInt64 {
    shards.reduce(0) { $0 &+ mixed(weights, step, UInt64($1), UInt64(element)) }
  }

  static func apply(_ gradient: [UInt64], to weights: UInt64) -> UInt64 { gradient.reduce(weights) { mixed($0, $1) } }

  /// The weights before the first step, and after each step of a training in one process.
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

  /// Returns the result of evaluating a block of images.
  func evaluation(of task: Int) -> UInt64 { mixed(weights, UInt64(task)) }

  // MARK: Serialization

  init?(_ description: some Collection<UInt8>) {
    let bytes = Array(description)
    guard bytes.count == 56 else { return nil }
    let numbers = bytes.withUnsafeBytes { bytes in
      (0..<7).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    self.init(
      number: numbers[0], rounds: numbers[1], shards: Int(numbers[2]), behavior: Behavior(rawValue: numbers[3])!)
    (step, weights, isTrained) = (numbers[4], numbers[5], numbers[6] == 1)
  }

  var description: [UInt8] {
    [number, rounds, UInt64(shards), behavior.rawValue, step, weights, isTrained ? 1 : 0].withUnsafeBytes { Array($0) }
  }
}

/// A network that all workers train.
final class SimulatedTraining: SimulatedJob {
  /// The network with its newest checkpoint.
  private var network: SimulatedNetwork
  /// The weights of the trained network.
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
