package import Evaluation

/// What one model is worth to someone who has items to label: how many it can label alone, what that saves, and which classes to
/// improve first.
package struct BusinessChapter: Sendable {
  let model: JudgedModel
  let costs: CostModel?
  let labelQuality: LabelQuality?

  /// - Parameters:
  ///   - model: whose name, as an ``Identifier``, no other model of the page shares
  ///   - costs: the user's own; nil if none were given
  ///   - labelQuality: of the training images, if known
  package init(_ model: JudgedModel, costs: CostModel? = nil, labelQuality: LabelQuality? = nil) {
    (self.model, self.costs, self.labelQuality) = (model, costs, labelQuality)
  }

  package var section: HTMLSection {
    var subsections: [HTMLSection] = []
    if let holdOut = model.holdOut.predictions { subsections.append(automation(holdOut)) }
    subsections += [costSection, priorities]
    return HTMLSection(
      identifier(), title: "\(model.name): what is it good for?",
      [
        .paragraph(
          """
          A model need not decide everything. What it is sure of it labels alone; what it is not sure of goes to a person. From which \
          confidence on is chosen on hold-out images and then checked on the test images, which had no part in the choice. It holds for \
          items like these: if the mix of classes or the camera changes, choose again.
          """),
        .note(HTMLText(model.holdOut.explanation)),
      ], subsections: subsections)
  }

  /// Of this model, and a part of its chapter.
  func identifier(_ part: String = "") -> Identifier { Identifier("business \(model.name) \(part)") }

  // MARK: Cost

  private var costSection: HTMLSection {
    HTMLSection(identifier("cost"), title: "What it costs", costBlocks)
  }

  private var costBlocks: [HTMLBlock] {
    guard let costs else {
      return [
        .paragraph(
          "What a wrong label and a person's look at an item cost is not known. With " + .code("--cost-error")
            + " and " + .code("--cost-review") + ", the report says which threshold is cheapest, and what it saves.")
      ]
    }
    guard let holdOut = model.holdOut.predictions, let plan = CostPlan(costs, holdOut: holdOut, test: model.test)
    else { return [.paragraph("Without hold-out images, no threshold can be chosen.")] }
    let own =
      costs.pairs.isEmpty ? "" : " Pairs of classes with a cost of their own: \(Wording.count(costs.pairs.count))."
    var blocks: [HTMLBlock] = [
      .paragraph(
        """
        A wrong label that nobody sees costs \(Wording.money(costs.costError)), a person's look at an item \
        \(Wording.money(costs.costReview)), in your own money.\(own) What a person decides is taken to be right.
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
      plan.threshold.map { "the model from \(Wording.confidence($0)) confidence on, people the rest" }
      ?? "people everything"
    func row(_ who: String, _ automated: String, _ cost: Double, _ interval: MeanInterval?) -> [HTMLText] {
      [who, automated, Wording.money(cost), interval.map { Wording.money($0) } ?? "known"].map { HTMLText($0) }
    }
    return HTMLTable(
      "Cost of 1,000 items, on the test images",
      columns: [
        .init("Who labels", .text), .init("Without a person", .number), .init("Cost", .number),
        .init("95 % interval", .number),
      ],
      rows: [
        row(
          "cheapest: \(rule)", outcome.coverage.percent, outcome.cost.mean, plan.threshold == nil ? nil : outcome.cost),
        row("people everything", "0.0 %", outcome.costAllManual, nil),
        row("the model everything", "100.0 %", outcome.costAllAutomatic.mean, outcome.costAllAutomatic),
      ], emphasised: 0)
  }

  private func costPlot(_ plan: CostPlan) -> LinePlot {
    let chosen = plan.holdOut.coverage.share
    return LinePlot(
      "Cost by share labeled automatically",
      horizontal: Axis("share labeled without a person", format: .percent, range: 0...1),
      vertical: Axis("cost of 1,000 items"),
      series: [.init("cost of 1,000 items", plan.curve.map { PlotPoint($0.coverage, $0.cost) })],
      markers: [PlotMarker(chosen, label: "cheapest")])
  }

  private let costCaption: HTMLText =
    """
    On the hold-out images, from the items that the model is surest of to all. On the left people label everything, on the right nobody \
    looks.
    """

  // MARK: Priorities

  private var priorities: HTMLSection {
    let classes = ClassPriority.toPhotograph(model.test)
    let pairs = PairPriority.toRelabel(model.test, labelQuality: labelQuality)
    var blocks: [HTMLBlock] = []
    blocks.addStatements(
      (Statements.weakClasses(classes, model) + Statements.confusedPairs(pairs, model)).map(Optional.some))
    if blocks.isEmpty {
      blocks = [.paragraph(Statements.noPriority)]
    } else {
      blocks.append(
        .note(
          """
          The gain of a class assumes that with better training images it would be told as well as the median of the other classes, and \
          that no other class suffers: a way to order the work, and no promise. Errors between two classes can also come from labels that \
          are wrong or not clearly defined; then relabeling helps, and more photographs do not.
          """))
    }
    return HTMLSection(identifier("priorities"), title: "Which classes to photograph or relabel first", blocks)
  }
}
