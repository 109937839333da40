package import Compute
package import Datasets
package import Models
package import Progress

/// The evaluation and the cost of a trained model: computed once, shown in several chapters of a report.
package struct EvaluatedModel: Sendable, Equatable, Codable {
  /// The name in the report, unique within it.
  package let name: String
  /// Nil for a model of no registered family.
  package let kind: ModelKind?
  /// By option name of the command line.
  package let settings: [String: String]
  /// The most important settings, for a table cell.
  package let mainSettings: String
  /// The evaluation on the test images.
  package let evaluation: Evaluation
  package let test: Predictions
  package let holdOut: HoldOut
  package let cost: ModelCost
  /// By epoch; empty for models that are not trained in epochs.
  package let learningCurve: [EpochResult]

  /// - Parameters:
  ///   - mainSettings: nil for all settings
  ///   - test: at least one prediction, with as many classes as class names
  /// - Throws: ``EvaluationError``
  package init(
    name: String, kind: ModelKind? = nil, settings: [String: String], mainSettings: String? = nil, classNames: [String],
    test: Predictions,
    holdOut: HoldOut, cost: ModelCost = ModelCost(), learningCurve: [EpochResult] = []
  ) throws(EvaluationError) {
    precondition(test.classCount == classNames.count, "class names and predictions differ in the number of classes")
    precondition(
      (holdOut.predictions?.classCount ?? test.classCount) == test.classCount,
      "hold-out and test predictions differ in the number of classes")
    (self.name, self.kind, self.settings, self.test, self.holdOut) = (name, kind, settings, test, holdOut)
    self.mainSettings =
      mainSettings ?? settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    evaluation = try Evaluation(probabilities: test.probabilities, labels: test.labels, classNames: classNames)
    (self.cost, self.learningCurve) = (cost, learningCurve)
  }

  /// Evaluates a model on the data set that it was trained on.
  ///
  /// - Parameters:
  ///   - name: nil for the name of the kind of model
  ///   - dataset: the data set with all training images of the model, and with test images
  ///   - search: the neighbors of its images, if they are known, which a nearest-neighbors model need not search again
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; errors of training and prediction
  package init(
    _ model: any Classifier, name: String? = nil, dataset: Dataset, cost: ModelCost = ModelCost(),
    learningCurve: [EpochResult] = [], search: NeighborSearch? = nil, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let probabilities =
      try search?.testProbabilities(of: model, dataset)
      ?? model.probabilities(for: dataset.test, on: context, progress: progress)
    let heldOut = try search?.heldOutPredictions(of: model, dataset, on: context)
    let family = model.kind.family
    try self.init(
      name: name ?? family.title(of: model.settings), kind: model.kind, settings: model.settings,
      mainSettings: family.mainSettings(of: model.settings), classNames: dataset.classNames,
      test: Predictions(probabilities: probabilities, labels: dataset.test.labels, classCount: dataset.classCount),
      holdOut: HoldOut(of: model, training: dataset.train, known: heldOut, on: context, progress: progress),
      cost: cost, learningCurve: learningCurve)
  }

  package var classNames: [String] { evaluation.classNames }
}
