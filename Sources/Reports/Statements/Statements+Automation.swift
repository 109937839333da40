package import Evaluation
internal import Foundation

extension Statements {
  /// What can be labeled without a person at a target; or why the data do not support it.
  package static func automation(_ plan: AutomationPlan, _ model: JudgedModel) -> HTMLStatement {
    let target = Wording.target(plan.target)
    let items = plan.label.map { "of the items that it takes for \(model.classNames[$0])" } ?? "of the items"
    switch plan.decision {
    case .refusal(let refusal):
      return HTMLStatement(
        "none", "Labeling \(items) without a person, \(target) of the labels being right, is not supported: \(refusal)."
      )
    case .threshold(let threshold):
      let (coverage, precision) = (threshold.test.coverage, threshold.test.precision)
      let rule = "those of which it is at least \(Wording.confidence(threshold.confidence)) sure"
      guard coverage.isStated, precision.count > 0 else {
        return HTMLStatement(
          "open",
          """
          At \(target) right labels, a threshold of \(Wording.confidence(threshold.confidence)) was chosen, but there are too few test \
          images to say what share it labels (\(coverage.counts)).
          """)
      }
      let verdict =
        threshold.testContradicts
        ? """
        But on the test images only \(precision.percent) (\(precision.range)) of these labels are right: the threshold does not hold what \
        it promised, so do not use it.
        """
        : "On the test images, which had no part in the choice, \(precision.percent) (\(precision.range)) of these labels are right."
      return HTMLStatement(
        coverage.percent,
        .strong(model.name)
          + " can label \(coverage.percent) \(items) without a person if \(target) of its labels are to be right: "
          + "\(rule). " + HTMLText(verdict))
    }
  }

  /// Whether a threshold saves money, and how much. Nil if there are too few test images, or what is saved is not shown.
  package static func cost(_ plan: CostPlan, _ model: JudgedModel) -> HTMLStatement? {
    let outcome = plan.test
    guard outcome.coverage.count >= leastImages else { return nil }
    guard let threshold = plan.threshold, outcome.coverage.successes > 0 else {
      return HTMLStatement(
        Wording.money(outcome.costAllManual),
        """
        With these costs people should label everything: 1,000 items cost \(Wording.money(outcome.costAllManual)), and no threshold was \
        cheaper on the hold-out images.
        """)
    }
    let (manual, automatic) = (outcome.savedAgainstManual, outcome.savedAgainstAutomatic)
    guard manual.lower > 0 || automatic.lower > 0 else { return nil }
    func saved(_ interval: MeanInterval, than other: String) -> String {
      interval.lower > 0
        ? "\(Wording.money(interval.mean)) (\(Wording.money(interval))) less than \(other)"
        : "not shown to be less than \(other)"
    }
    return HTMLStatement(
      Wording.money(outcome.cost.mean),
      "Let " + .strong(model.name) + """
         label what it is at least \(Wording.confidence(threshold)) sure of, and people the rest: 1,000 items then cost \
        \(Wording.money(outcome.cost.mean)) on the test images, \(saved(manual, than: "if people label everything")), and \
        \(saved(automatic, than: "if the model does")).
        """)
  }
}

extension Wording {
  /// A threshold, rounded up: whoever sets it as written does not let more through than was judged. What is missing to 100 % has two
  /// significant digits.
  static func confidence(_ threshold: Float) -> String {
    let percent = Double(threshold) * 100
    guard percent < 100 else { return "100\u{a0}%" }
    let decimals = min(max(1 + Int((-log10(100 - percent)).rounded(.up)), 1), 5)
    let scale = pow(10, Double(decimals))
    return NumberText.fixed((percent * scale).rounded(.up) / scale, decimals: decimals) + "\u{a0}%"
  }
}
