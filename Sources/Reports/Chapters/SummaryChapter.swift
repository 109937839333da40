package import Evaluation

/// The report's summary for readers who do not program: key figures and sentences on half a page.
package struct SummaryChapter: Sendable {
  private let models: [EvaluatedModel]
  private let costs: LabelingCosts?
  private let labelQuality: LabelQuality?

  /// The precision at which the summary quotes automation: one wrong label in 50.
  private static let target = 0.98

  /// - Parameters:
  ///   - models: at least one, all evaluated on the same test images
  ///   - costs: nil if the user gave none
  ///   - labelQuality: of the training images, if known
  package init(_ models: [EvaluatedModel], costs: LabelingCosts? = nil, labelQuality: LabelQuality? = nil) {
    precondition(!models.isEmpty, "a summary needs at least one model")
    (self.models, self.costs, self.labelQuality) = (models, costs, labelQuality)
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if let warning = Statements.tooFewImages(best) { blocks.append(.note(warning)) }
    blocks.addStatements(statements)
    return HTMLSection("summary", title: "Summary", blocks)
  }

  private var best: EvaluatedModel { models[models.mostAccurate] }

  private var plan: AutomationPlan? {
    best.holdOut.predictions.map { AutomationPlan(target: Self.target, holdOut: $0, test: best.test) }
  }

  private var costPlan: CostPlan? {
    costs.flatMap { costs in best.holdOut.predictions.flatMap { CostPlan(costs, holdOut: $0, test: best.test) } }
  }

  // MARK: Key figures

  private var cards: [HTMLCard] {
    let accuracy = best.test.accuracy
    var cards = [
      HTMLCard(
        models.count > 1 ? "Best model" : "Model", best.name,
        remark: models.count > 1 ? "of \(models.count) models" : ""),
      HTMLCard("Accuracy", accuracy.percent, remark: "95 % interval \(accuracy.range)"),
    ]
    if let threshold = plan?.threshold, !threshold.isContradicted, threshold.test.coverage.isNarrow {
      cards.append(
        HTMLCard(
          "Automated", threshold.test.coverage.percent,
          remark: "of items, at \(QuantityText.target(Self.target)) precision"))
    }
    if let cost = costPlan?.test {
      cards.append(
        HTMLCard(
          "Cost of 1,000 items", QuantityText.money(cost.cost.mean),
          remark: "\(QuantityText.money(cost.costAllManual)) if all manual"))
    }
    if let seconds = best.cost.fitSeconds {
      cards.append(HTMLCard("Training time", QuantityText.seconds(seconds), remark: "on the machine of this run"))
    }
    return cards
  }

  // MARK: Statements

  /// At most ten.
  private var statements: [HTMLStatement?] {
    let pairs = PairPriority.ranked(best.test, labelQuality: labelQuality)
    let classes = ClassPriority.ranked(best.test)
    return [Statements.accuracy(best), Statements.best(of: models), plan.map { Statements.automation($0, best) }]
      + [costPlan.flatMap { Statements.cost($0, best) }, Statements.bestClass(best)]
      + Statements.confusedPairs(pairs, best, limit: 1).map(Optional.some)
      + Statements.weakClasses(classes, best, limit: 1).map(Optional.some)
      + [Statements.confidence(best), Statements.costOfAccuracy(models), Statements.speed(best)]
  }
}
