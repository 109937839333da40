package import Compute
package import Datasets
package import Models
package import Selection

/// A network in training.
package struct NetworkState {
  package let settings: NetworkSettings
  package let dataset: Dataset
  /// ``NetworkTrainer/checkpoint``.
  package let tensors: [Tensor]
  /// The instruction set of the training.
  package let instructionSet: InstructionSet
}

/// The scores of a search so far.
package struct TrialScores {
  /// The configurations with a score, the best first.
  package let scored: [(configuration: Configuration, score: Double)]
  /// The number of configurations, or with successive halving of configurations and rungs.
  package let total: Int
  package let metric: ScoreMetric
}

/// A computation that can be resumed.
package enum UnfinishedRun: Equatable {
  /// The training of a network, from a checkpoint.
  case training(ModelKind, checkpoint: String)
  /// A fit whose completed parts are in a folder.
  case parts(ModelKind, folder: String)
  /// A sweep, by the name of its run.
  case sweep(String)
}
