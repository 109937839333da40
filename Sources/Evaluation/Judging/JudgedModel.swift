package import Compute
package import Datasets
package import Models

/// A fitted model and all that a report says of how good it is, and what it costs: computed once, drawn by many chapters.
package struct JudgedModel: Sendable, Equatable, Codable {
  /// What the report calls it; models of one report have different names.
  package let name: String
  /// By the names of the command line's options.
  package let settings: [String: String]
  /// Those that matter most, for a cell of a table.
  package let mainSettings: String
  /// On the test images.
  package let evaluation: Evaluation
  package let test: Predictions
  package let holdOut: HoldOut
  package let price: ModelPrice
  /// By epoch; empty for models that are not trained in epochs.
  package let learningCurve: [EpochResult]

  /// - Parameters:
  ///   - mainSettings: nil for all of them
  ///   - test: at least one; of as many classes as there are names
  /// - Throws: ``EvaluationError``
  package init(
    name: String, settings: [String: String], mainSettings: String? = nil, classNames: [String], test: Predictions,
    holdOut: HoldOut, price: ModelPrice = ModelPrice(), learningCurve: [EpochResult] = []
  ) throws(EvaluationError) {
    precondition(test.classCount == classNames.count, "class names and classes differ in number")
    precondition(
      (holdOut.predictions?.classCount ?? test.classCount) == test.classCount, "hold-out and test differ in classes")
    (self.name, self.settings, self.test, self.holdOut) = (name, settings, test, holdOut)
    self.mainSettings =
      mainSettings ?? settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    evaluation = try Evaluation(probabilities: test.probabilities, labels: test.labels, classNames: classNames)
    (self.price, self.learningCurve) = (price, learningCurve)
  }

  /// Judges a model by the data set that it was fitted on.
  ///
  /// - Parameters:
  ///   - name: nil for that of its kind
  ///   - dataset: whose training images, all of them, the model was fitted on; with test images
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; what fitting and predicting throw.
  package init(
    _ model: any Classifier, name: String? = nil, dataset: Dataset, price: ModelPrice = ModelPrice(),
    learningCurve: [EpochResult] = [], on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws {
    let probabilities = try model.probabilities(for: dataset.test, on: context, progress: progress)
    let kind = type(of: model).kind
    try self.init(
      name: name ?? kind.readableName, settings: model.settings, mainSettings: kind.mainSettings(model.settings),
      classNames: dataset.classNames,
      test: Predictions(probabilities: probabilities, labels: dataset.test.labels, classCount: dataset.classCount),
      holdOut: HoldOut(of: model, training: dataset.train, on: context, progress: progress), price: price,
      learningCurve: learningCurve)
  }

  package var classNames: [String] { evaluation.classNames }
}

extension ModelKind {
  /// As a person calls it.
  package var readableName: String {
    switch self {
    case .cnn: "CNN"
    case .forest: "Random forest"
    case .tree: "Decision tree"
    case .knn: "Nearest neighbours"
    }
  }

  /// The settings that people vary most, with their values; those that are off are left out.
  package func mainSettings(_ settings: [String: String]) -> String {
    let names =
      switch self {
      case .cnn: ["filters", "dense", "epochs", "batch", "learning-rate", "augment"]
      case .forest: ["trees", "criterion", "max-depth", "max-features"]
      case .tree: ["criterion", "max-depth", "min-samples-leaf"]
      case .knn: ["neighbors", "metric", "weights", "components"]
      }
    return names.compactMap { name in
      settings[name].flatMap { $0 == "none" ? nil : "\(name) \($0)" }
    }.joined(separator: ", ")
  }
}
