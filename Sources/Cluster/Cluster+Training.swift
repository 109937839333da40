package import Compute
internal import Coordination
package import Datasets
internal import Foundation
package import Models

/// Networks, which all workers train together.
extension Cluster {
  /// Trains a network, from its beginning or from a checkpoint.
  ///
  /// - Parameters:
  ///   - checkpoint: ``NetworkTrainer/checkpoint``, where to begin
  ///   - keepCheckpoint: given the state after each epoch, and when the training is stopped
  package func train(
    _ settings: NetworkSettings, _ images: LabeledImages, classCount: Int, from checkpoint: [Tensor]? = nil,
    keepCheckpoint: @escaping ([Tensor]) throws -> Void, progress: Progress
  ) throws -> (network: Network, history: [EpochResult]) {
    try settings.validate()
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    try checkMemory(.cnn(settings), images, classCount: classCount)
    var description = JobDescription()
    (description.work, description.settings) = (.trainNetwork, settings.text)
    (description.classCount, description.images) = (UInt32(classCount), .init(try share(.images(images)).bytes))
    var savedRound: UInt64 = 0
    if let checkpoint {
      savedRound = try Self.round(of: checkpoint)
      description.checkpoint = .init(try share(.checkpoint(checkpoint)).bytes)
    }
    var state = checkpoint ?? []
    let cluster = self
    _ = try run(
      description, .training(TrainingGroup(savedStep: savedRound)), unit: .images, total: 0,
      keepCheckpoint: { checkpoint, bytes in
        state = try SafetensorsFile(bytes: bytes, name: "a worker's checkpoint").tensors
        if checkpoint.finished { return }
        try keepCheckpoint(state)
        cluster.offer(state, for: description)
      },
      tensorName: { plan.slices.indices.contains($0) ? plan.slices[$0].name : "\($0)" }, progress: progress)
    let trainer = try NetworkTrainer(images, classCount: classCount, settings: settings, on: context)
    try trainer.resume(state)
    return (trainer.network, trainer.history)
  }

  /// Rounds that were done when the checkpoint was made.
  private static func round(of checkpoint: [Tensor]) throws(ModelError) -> UInt64 {
    let steps = checkpoint.first { $0.name == "counters" }?.elements(as: Int64.self)?.first ?? -1
    let epochs = checkpoint.first { $0.name == "history.loss" }?.elementCount ?? 0
    guard steps >= 0 else { throw .badModel("the checkpoint does not tell how far the training was") }
    return UInt64(steps) + UInt64(epochs)
  }
}
