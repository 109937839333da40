package import Evaluation

/// The report's chapter on using one model: how many items it can label automatically, what that saves, and which
/// classes to improve first.
package struct AutomationChapter: Sendable {
  let model: EvaluatedModel
  let costs: LabelingCosts?
  let labelQuality: LabelQuality?

  /// - Parameters:
  ///   - model: its name, as an ``Identifier``, is unique on the page
  ///   - costs: nil if the user gave none
  ///   - labelQuality: of the training images, if known
  package init(_ model: EvaluatedModel, costs: LabelingCosts? = nil, labelQuality: LabelQuality? = nil) {
    (self.model, self.costs, self.labelQuality) = (model, costs, labelQuality)
  }

  package var section: HTMLSection {
    var subsections: [HTMLSection] = []
    if let holdOut = model.holdOut.predictions { subsections.append(thresholds(holdOut)) }
    subsections += [costSection, priorities]
    return HTMLSection(
      identifier(), title: "\(model.name): automation and cost",
      [
        .paragraph(
          """
          A model does not have to decide every case: confident predictions can be accepted automatically, and the \
          others reviewed by a person. The confidence threshold is chosen on the hold-out images and verified on the \
          test images, which play no part in the choice. It holds for items like these: if the mix of classes or the \
          camera changes, choose it again.
          """),
        .note(HTMLText(model.holdOut.explanation)),
      ], subsections: subsections)
  }

  /// The identifier of a part of this model's chapter.
  func identifier(_ part: String = "") -> Identifier { Identifier("automation \(model.name) \(part)") }

  // MARK: Cost

  private var costSection: HTMLSection {
    HTMLSection(identifier("cost"), title: "Cost", costBlocks)
  }

  private var costBlocks: [HTMLBlock] {
    guard let costs else {
      return [
        .paragraph(
          "No costs were given. With the cost of a wrong label (" + .code("--cost-error")
            + ") and of a manual review (" + .code("--cost-review")
            + "), the report shows the cheapest threshold and what it saves.")
      ]
    }
    guard let holdOut = model.holdOut.predictions, let plan = CostPlan(costs, holdOut: holdOut, test: model.test)
    else { return [.paragraph("Without hold-out images, no threshold can be chosen.")] }
    let own =
      costs.pairs.isEmpty
      ? "" : " Different costs apply to \(QuantityText.count(costs.pairs.count, "pair")) of classes."
    var blocks: [HTMLBlock] = [
      .paragraph(
        """
        A wrong label that goes unnoticed costs \(QuantityText.money(costs.costError)) and a manual review \
        \(QuantityText.money(costs.costReview)), in your currency.\(own) Manual labels are assumed to be correct.
        """)
    ]
    blocks.addStatements([Statements.cost(plan, model)])
    return blocks + [
      .table(costTable(plan)), .figure(HTMLFigure(identifier("cost curve"), costPlot(plan), caption: costCaption)),
    ]
  }

  private func costTable(_ plan: CostPlan) -> HTMLTable {
    let outcome = plan.test
    let rule =
      plan.threshold.map { "automatic from \(QuantityText.confidence($0)) confidence, otherwise manual" }
      ?? "all manual"
    func row(_ policy: String, _ automated: String, _ cost: Double, _ interval: MeanInterval?) -> [HTMLText] {
      [policy, automated, QuantityText.money(cost), interval.map { QuantityText.money($0) } ?? "exact"].map {
        HTMLText($0)
      }
    }
    return HTMLTable(
      "Cost of 1,000 items on the test set",
      columns: [
        .init("Policy", .text), .init("Automated", .number), .init("Cost", .number),
        .init("95 % interval", .number),
      ],
      rows: [
        row(
          "cheapest: \(rule)", outcome.coverage.percent, outcome.cost.mean, plan.threshold == nil ? nil : outcome.cost),
        row("all manual", "0.0 %", outcome.costAllManual, nil),
        row("all automatic", "100.0 %", outcome.costAllAutomatic.mean, outcome.costAllAutomatic),
      ], emphasized: 0)
  }

  private func costPlot(_ plan: CostPlan) -> LinePlot {
    let chosen = plan.holdOut.coverage.fraction
    return LinePlot(
      "Cost against coverage",
      horizontal: Axis("coverage: fraction labeled automatically", format: .percent, range: 0...1),
      vertical: Axis("cost of 1,000 items"),
      series: [.init("cost of 1,000 items", plan.curve.map { PlotPoint($0.coverage, $0.cost) })],
      markers: [PlotMarker(chosen, label: "cheapest")])
  }

  private let costCaption: HTMLText =
    """
    Measured on the hold-out images, from all manual labeling (left) to all automatic labeling (right).
    """

  // MARK: Priorities

  private var priorities: HTMLSection {
    let classes = ClassPriority.ranked(model.test)
    let pairs = PairPriority.ranked(model.test, labelQuality: labelQuality)
    var blocks: [HTMLBlock] = []
    blocks.addStatements(
      (Statements.weakClasses(classes, model) + Statements.confusedPairs(pairs, model)).map(Optional.some))
    if blocks.isEmpty {
      blocks = [.paragraph(Statements.noPriority)]
    } else {
      blocks.append(
        .note(
          """
          The gain of a class assumes that better training images would raise its recall to the median of the other \
          classes without harming any of them. It ranks the work; it is not a forecast. Confusion between two classes \
          can also come from wrong labels or from an unclear definition of the classes; in that case relabeling helps, \
          and more photographs do not.
          """))
    }
    return HTMLSection(identifier("priorities"), title: "Classes to improve first", blocks)
  }
}
