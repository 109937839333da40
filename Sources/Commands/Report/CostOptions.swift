internal import ArgumentParser
internal import Evaluation

/// What mistakes and people's work cost the user.
struct CostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("What one wrong label costs, in any currency; with --cost-review.", valueName: "amount"))
  var costError: Double?

  @Option(
    help: ArgumentHelp("What it costs to have a person label one item; with --cost-error.", valueName: "amount"))
  var costReview: Double?

  @Option(
    name: .customLong("cost-pair"),
    help: ArgumentHelp(
      "What one mistake of this kind costs, in place of --cost-error; may be given several times.",
      valueName: "true class:predicted class=amount"))
  var costPairs: [String] = []

  func validate() throws {
    if (costError == nil) != (costReview == nil) {
      throw ValidationError("--cost-error and --cost-review are given together, or not at all")
    }
    if costError == nil, !costPairs.isEmpty {
      throw ValidationError("--cost-pair needs --cost-error and --cost-review")
    }
  }

  /// nil if the user has given none.
  /// - Throws: ``LabelingCostsError``
  func model(classNames: [String]) throws -> LabelingCosts? {
    guard let costError, let costReview else { return nil }
    return try LabelingCosts(
      costError: costError, costReview: costReview,
      pairs: costPairs.map { try LabelingCosts.Pair(parsing: $0, classNames: classNames) })
  }
}
