internal import Evaluation

extension AutomationChapter {
  /// The targets in the tables.
  private static let targets = AutomationPlan.standardTargets

  func thresholds(_ holdOut: Predictions) -> HTMLSection {
    let plans = AutomationPlan.all(targets: Self.targets, holdOut: holdOut, test: model.test)
    let whole = plans.filter { $0.label == nil }
    return HTMLSection(
      identifier("thresholds"), title: "Automatic labeling",
      [
        .statements(whole.map { Statements.automation($0, model) }),
        .figure(HTMLFigure(identifier("curve"), curve(holdOut, whole), caption: Self.caption)),
        .table(table(whole)),
        .details(
          summary: "By predicted class",
          [
            .paragraph(
              """
              Coverage on the test images predicted to be of each class, with the confidence threshold in parentheses. \
              A dash means that the hold-out images do not support a threshold: there are too few of them, or no \
              threshold reaches the target.
              """),
            .table(classTable(plans)),
          ]),
      ])
  }

  // MARK: Curve

  private func curve(_ holdOut: Predictions, _ plans: [AutomationPlan]) -> LinePlot {
    func series(_ name: String, _ predictions: Predictions) -> LinePlot.Series {
      .init(name, AutomationCurve(predictions).points.map { PlotPoint($0.coverage, $0.precision) })
    }
    return LinePlot(
      "Precision against coverage",
      horizontal: Axis("coverage: fraction labeled automatically", format: .percent, range: 0...1),
      vertical: Axis("precision: fraction of automatic labels that are correct", format: .percent),
      series: [series("test images", model.test), series("hold-out images", holdOut)],
      markers: plans.compactMap { plan in
        plan.threshold.map { PlotMarker($0.test.coverage.fraction, label: QuantityText.target(plan.target)) }
      })
  }

  private static let caption: HTMLText = """
    From only the most confident predictions (left) to all images (right). Vertical lines mark the coverage of the \
    chosen thresholds on the test images.
    """

  // MARK: Tables

  private func table(_ plans: [AutomationPlan]) -> HTMLTable {
    HTMLTable(
      "Confidence thresholds for all classes, chosen on hold-out images and verified on test images",
      columns: [
        .init("Target precision", .text), .init("Confidence threshold", .number),
        .init("Coverage, hold-out set", .number), .init("Coverage, test set", .number),
        .init("Precision, test set", .number), .init("Verification", .text),
      ],
      rows: plans.map { plan in
        let target = QuantityText.target(plan.target)
        guard let threshold = plan.threshold else {
          return [target, "–", "–", "–", "–", "not supported"].map { HTMLText($0) }
        }
        let test = threshold.test
        let precision = test.precision.count > 0 ? "\(test.precision.percent) (\(test.precision.range))" : "–"
        return [
          target, QuantityText.confidence(threshold.confidence), threshold.holdOut.coverage.percent,
          "\(test.coverage.percent) (\(test.coverage.range))", precision, Self.verdict(threshold, plan.target),
        ].map { HTMLText($0) }
      })
  }

  private static func verdict(_ threshold: AutomationPlan.Threshold, _ target: Double) -> String {
    if threshold.isContradicted { return "contradicted" }
    return threshold.test.precision.count > 0 && threshold.test.precision.lower >= target
      ? "confirmed" : "not contradicted"
  }

  private func classTable(_ plans: [AutomationPlan]) -> HTMLTable {
    HTMLTable(
      "Coverage by predicted class and target precision",
      columns: [.init("Predicted class", .text)]
        + Self.targets.map { .init("\(QuantityText.target($0)) precision", .number) },
      rows: model.classNames.enumerated().map { label, name in
        let cells = plans.filter { $0.label == label }.map { plan in
          guard let threshold = plan.threshold else { return "–" }
          let mark = threshold.isContradicted ? ", contradicted by the test set" : ""
          return "\(threshold.test.coverage.percent) (\(QuantityText.confidence(threshold.confidence))\(mark))"
        }
        return ([name] + cells).map { HTMLText($0) }
      })
  }
}
