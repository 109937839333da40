internal import Evaluation

extension BusinessChapter {
  /// More classes are listed only in the folded table.
  private static let targets = AutomationPlan.usualTargets

  func automation(_ holdOut: Predictions) -> HTMLSection {
    let plans = AutomationPlan.all(targets: Self.targets, holdOut: holdOut, test: model.test)
    let whole = plans.filter { $0.label == nil }
    return HTMLSection(
      identifier("automation"), title: "How much can be labeled without a person",
      [
        .statements(whole.map { Statements.automation($0, model) }),
        .figure(HTMLFigure(identifier("automation curve"), curve(holdOut, whole), caption: Self.caption)),
        .table(table(whole)),
        .details(
          summary: "Class by class",
          [
            .paragraph(
              """
              Of the items that the model takes for a class, the share of test images that it can label alone, the confidence to set in \
              brackets. A dash: the hold-out images do not support a threshold, because they are too few or none is precise enough.
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
      "Precision by share labeled automatically",
      horizontal: Axis("share labeled without a person", format: .percent, range: 0...1),
      vertical: Axis("share of these labels that is right", format: .percent),
      series: [series("test images", model.test), series("hold-out images", holdOut)],
      markers: plans.compactMap { plan in
        plan.threshold.map { PlotMarker($0.test.coverage.share, label: Wording.target(plan.target)) }
      })
  }

  private static let caption: HTMLText = """
    From the items that the model is surest of, on the left, to all of them. Vertical lines: what the thresholds chosen on hold-out images \
    label of the test images.
    """

  // MARK: Tables

  private func table(_ plans: [AutomationPlan]) -> HTMLTable {
    HTMLTable(
      "Thresholds over all classes: chosen on hold-out images, verified on test images",
      columns: [
        .init("Labels to be right", .text), .init("Confidence to set", .number),
        .init("Hold-out: labeled alone", .number),
        .init("Test: labeled alone", .number), .init("Test: right", .number), .init("Verdict", .text),
      ],
      rows: plans.map { plan in
        let target = Wording.target(plan.target)
        guard let threshold = plan.threshold else {
          return [target, "–", "–", "–", "–", "not supported"].map { HTMLText($0) }
        }
        let test = threshold.test
        let precision = test.precision.count > 0 ? "\(test.precision.percent) (\(test.precision.range))" : "–"
        return [
          target, Wording.confidence(threshold.confidence), threshold.holdOut.coverage.percent,
          "\(test.coverage.percent) (\(test.coverage.range))", precision, Self.verdict(threshold, plan.target),
        ].map { HTMLText($0) }
      })
  }

  private static func verdict(_ threshold: AutomationPlan.Threshold, _ target: Double) -> String {
    if threshold.testContradicts { return "contradicted" }
    return threshold.test.precision.count > 0 && threshold.test.precision.lower >= target
      ? "confirmed" : "not contradicted"
  }

  private func classTable(_ plans: [AutomationPlan]) -> HTMLTable {
    HTMLTable(
      "Labeled without a person, by predicted class",
      columns: [.init("Taken for", .text)]
        + Self.targets.map { .init("\(Wording.target($0)) right", .number) },
      rows: model.classNames.enumerated().map { label, name in
        let cells = plans.filter { $0.label == label }.map { plan in
          guard let threshold = plan.threshold else { return "–" }
          let mark = threshold.testContradicts ? ", contradicted by the test images" : ""
          return "\(threshold.test.coverage.percent) (\(Wording.confidence(threshold.confidence))\(mark))"
        }
        return ([name] + cells).map { HTMLText($0) }
      })
  }
}
