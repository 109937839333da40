package import Compute
internal import Coordination
package import Datasets
internal import Foundation
package import Models
package import Progress

/// Networks, which all workers train together.
extension Cluster {
  /// Trains a network, from the beginning or from a checkpoint.
  ///
  /// - Parameters:
  ///   - checkpoint: The state to begin with: ``NetworkTrainer/checkpoint``.
  ///   - keepCheckpoint: Called with the state after each epoch, and when the training is stopped.
  package func train(
    _ settings: NetworkSettings, _ images: LabeledImages, classCount: Int, from checkpoint: [Tensor]? = nil,
    keepCheckpoint: @escaping ([Tensor]) throws -> Void, progress: (ClusterProgress) -> Bool
  ) throws -> (network: Network, history: [EpochResult]) {
    try settings.check()
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    try checkMemory(.cnn(settings), images, classCount: classCount)
    var description = JobDescription()
    (description.activity, description.family) = (.trainNetwork, ModelKind.cnn.rawValue)
    description.settings = settings.text
    (description.classCount, description.images) = (UInt32(classCount), .init(try share(.images(images)).bytes))
    var (savedRound, digest): (UInt64, UInt64?) = (0, nil)
    if let checkpoint {
      savedRound = try Self.round(of: checkpoint)
      digest = plan.digests(ofState: checkpoint).map { StateName(step: savedRound, tensors: $0).digest }
      description.checkpoint = .init(try share(.checkpoint(checkpoint)).bytes)
    }
    let group = TrainingGroup(
      savedStep: savedRound, digest: self.settings.isOneProcess ? nil : digest,
      rounds: UInt64(NetworkTrainer.rounds(of: settings, labels: images.labels)), shards: settings.shards)
    var state = checkpoint ?? []
    let cluster = self
    var trainer: NetworkTrainer?
    func resume(_ state: [Tensor]) throws {
      if trainer == nil {
        trainer = try NetworkTrainer(images, classCount: classCount, settings: settings, on: context)
      }
      try trainer!.resume(state)
    }
    _ = try run(
      description, .training(group), unit: .images, total: 0,
      readCheckpoint: { checkpoint, bytes in
        let tensors = try SafetensorsFile(bytes: bytes, name: "the checkpoint").tensors
        // The state must fit this network and step. A state from this process needs no check.
        if !cluster.settings.isOneProcess { try resume(tensors) }
        guard try Self.round(of: tensors) == checkpoint.step else {
          throw ModelError.badModel("the checkpoint's content is of another step than announced")
        }
        return {
          state = tensors
          if checkpoint.finished { return }
          try keepCheckpoint(state)
          cluster.publishCheckpoint(state, for: description)
        }
      },
      plan: plan, progress: progress)
    try resume(state)
    return (trainer!.network, trainer!.history)
  }

  /// Returns the number of rounds completed when the checkpoint was made.
  static func round(of checkpoint: [Tensor]) throws(ModelError) -> UInt64 {
    let steps = checkpoint.first { $0.name == "counters" }?.elements(as: Int64.self)?.first ?? -1
    let epochs = checkpoint.first { $0.name == "history.loss" }?.elementCount ?? 0
    guard steps >= 0 else { throw .badModel("the checkpoint has no counter of steps") }
    return UInt64(steps) + UInt64(epochs)
  }
}
