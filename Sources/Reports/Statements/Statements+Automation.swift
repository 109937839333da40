package import Evaluation
internal import Foundation
internal import Text

extension Statements {
  /// The fraction of items that can be labeled automatically at a target precision, or why the data do not support it.
  package static func automation(_ plan: AutomationPlan, _ model: EvaluatedModel) -> HTMLStatement {
    let target = QuantityText.target(plan.target)
    let items = plan.label.map { "of the items predicted to be \(model.classNames[$0])" } ?? "of the items"
    switch plan.decision {
    case .refusal(let refusal):
      return HTMLStatement(
        "none", "Labeling \(items.dropFirst(3)) automatically at \(target) precision is not supported: \(refusal).")
    case .threshold(let threshold):
      let (coverage, precision) = (threshold.test.coverage, threshold.test.precision)
      let rule = "those with at least \(QuantityText.confidence(threshold.confidence)) confidence"
      guard coverage.isNarrow, precision.count > 0 else {
        return HTMLStatement(
          "uncertain",
          """
          For \(target) precision, a confidence threshold of \(QuantityText.confidence(threshold.confidence)) was \
          chosen, but there are too few test images to estimate the fraction it labels (\(coverage.counts)).
          """)
      }
      let verdict =
        threshold.isContradicted
        ? """
        But on the test images only \(precision.percent) (\(precision.range)) of these labels are correct: the \
        threshold misses the target, so do not use it.
        """
        : """
        On the test images, which played no part in the choice, \(precision.percent) (\(precision.range)) of these \
        labels are correct.
        """
      return HTMLStatement(
        coverage.percent,
        .strong(model.name)
          + " can label \(coverage.percent) \(items) automatically at \(target) precision: "
          + "\(rule). " + HTMLText(verdict))
    }
  }

  /// The savings of the cheapest threshold; nil if there are too few test images, or if no savings are shown.
  package static func cost(_ plan: CostPlan, _ model: EvaluatedModel) -> HTMLStatement? {
    let outcome = plan.test
    guard outcome.coverage.count >= minImages else { return nil }
    guard let threshold = plan.threshold, outcome.coverage.successes > 0 else {
      return HTMLStatement(
        QuantityText.money(outcome.costAllManual),
        """
        With these costs, label everything manually: 1,000 items cost \(QuantityText.money(outcome.costAllManual)), \
        and no threshold is cheaper on the hold-out images.
        """)
    }
    let (manual, automatic) = (outcome.savingsOverManual, outcome.savingsOverAutomatic)
    guard manual.lower > 0 || automatic.lower > 0 else { return nil }
    func saved(_ interval: MeanInterval, than other: String) -> String {
      interval.lower > 0
        ? "\(QuantityText.money(interval.mean)) (\(QuantityText.money(interval))) less than \(other)"
        : "not shown to be less than \(other)"
    }
    return HTMLStatement(
      QuantityText.money(outcome.cost.mean),
      "Let " + .strong(model.name) + """
         label the items with at least \(QuantityText.confidence(threshold)) confidence, and label the rest manually: \
        1,000 items then cost \(QuantityText.money(outcome.cost.mean)) on the test images, \
        \(saved(manual, than: "all manual labeling")), and \(saved(automatic, than: "all automatic labeling")).
        """)
  }
}

extension QuantityText {
  /// Formats a confidence threshold. It is rounded up, so that the printed value does not accept more items than the
  /// evaluated one; the difference to 100 % has two significant digits.
  static func confidence(_ threshold: Float) -> String {
    let percent = Double(threshold) * 100
    guard percent < 100 else { return "100\u{a0}%" }
    let decimals = min(max(1 + Int((-log10(100 - percent)).rounded(.up)), 1), 5)
    let scale = pow(10, Double(decimals))
    return NumberText.fixed((percent * scale).rounded(.up) / scale, decimals: decimals) + "\u{a0}%"
  }
}
