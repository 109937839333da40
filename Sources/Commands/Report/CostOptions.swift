internal import ArgumentParser
internal import Evaluation

/// Options for the costs of wrong labels and of manual labeling.
struct CostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Cost of one wrong label, in any currency; requires --cost-review.", valueName: "amount"))
  var costError: Double?

  @Option(
    help: ArgumentHelp("Cost of having a person label one item; requires --cost-error.", valueName: "amount"))
  var costReview: Double?

  @Option(
    name: .customLong("cost-pair"),
    help: ArgumentHelp(
      "Cost of one error of this kind, instead of --cost-error; repeatable.",
      valueName: "true class:predicted class=amount"))
  var costPairs: [String] = []

  func validate() throws {
    if (costError == nil) != (costReview == nil) {
      throw ValidationError("--cost-error and --cost-review must be given together")
    }
    if costError == nil, !costPairs.isEmpty {
      throw ValidationError("--cost-pair requires --cost-error and --cost-review")
    }
  }

  /// Returns the costs; nil if the user has given none.
  /// - Throws: ``LabelingCostsError``
  func model(classNames: [String]) throws -> LabelingCosts? {
    guard let costError, let costReview else { return nil }
    return try LabelingCosts(
      costError: costError, costReview: costReview,
      pairs: costPairs.map { try LabelingCosts.Pair(parsing: $0, classNames: classNames) })
  }
}
