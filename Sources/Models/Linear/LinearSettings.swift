/// Settings of ``LinearModel``, with the meaning of scikit-learn's `LogisticRegression`.
package struct LinearSettings: FamilySettings {
  /// scikit-learn's C: the weight of the images' losses against the penalty.
  package var inverseRegularization = 1.0
  /// The largest number of iterations of the solver. scikit-learn's default of 100 is too small for most images.
  package var iterations = 1000
  /// The fit has converged when no derivative of the mean loss, with its penalty, exceeds this value. scikit-learn's
  /// default of 1e-4 is reached while the objective is still about 1 % above its minimum.
  package var tolerance = 1e-5

  package init() {}

  package static let schema: [Setting<LinearSettings>] = [
    .number(
      "inverse-regularization", \.inverseRegularization, in: NumberRange(1e-9...1e9), placeholder: "c",
      help: "Inverse of the regularization strength, the C of scikit-learn; smaller values penalize weights more"),
    .integer(
      "iterations", \.iterations, in: 1...1_000_000,
      help: "Maximum number of iterations, the max_iter of scikit-learn"),
    .number(
      "tolerance", \.tolerance, in: NumberRange(1e-9...1), placeholder: "t",
      help: "Largest derivative of the mean loss at which the fit has converged, the tol of scikit-learn"),
  ]
}
