package import Evaluation

/// Half a page for someone who does not program: what was found, in key figures and sentences.
package struct SummaryChapter: Sendable {
  private let models: [JudgedModel]
  private let costs: CostModel?
  private let labelQuality: LabelQuality?

  /// What people ask first: how much can be labeled if one label in 50 may be wrong.
  private static let target = 0.98

  /// - Parameters:
  ///   - models: at least one, judged by the same test images
  ///   - costs: the user's own; nil if none were given
  ///   - labelQuality: of the training images, if known
  package init(_ models: [JudgedModel], costs: CostModel? = nil, labelQuality: LabelQuality? = nil) {
    precondition(!models.isEmpty, "there is nothing to sum up")
    (self.models, self.costs, self.labelQuality) = (models, costs, labelQuality)
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if let warning = Statements.tooFewImages(best) { blocks.append(.note(warning)) }
    blocks.addStatements(statements)
    return HTMLSection("summary", title: "In short", blocks)
  }

  private var best: JudgedModel { models[models.mostAccurate] }

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
        models.count > 1 ? "Most accurate" : "Model", best.name,
        remark: models.count > 1 ? "of \(models.count) models" : ""),
      HTMLCard("Named rightly", accuracy.percent, remark: "on other images, expect \(accuracy.range)"),
    ]
    if let threshold = plan?.threshold, !threshold.testContradicts, threshold.test.coverage.isStated {
      cards.append(
        HTMLCard(
          "Without a person", threshold.test.coverage.percent,
          remark: "at \(Wording.target(Self.target)) right labels"))
    }
    if let cost = costPlan?.test {
      cards.append(
        HTMLCard(
          "Cost of 1,000 items", Wording.money(cost.cost.mean),
          remark: "\(Wording.money(cost.costAllManual)) by people alone"))
    }
    if let seconds = best.price.fitSeconds {
      cards.append(HTMLCard("Time to train", Wording.seconds(seconds), remark: "on the machine of this run"))
    }
    return cards
  }

  // MARK: Sentences

  /// At most ten.
  private var statements: [HTMLStatement?] {
    let pairs = PairPriority.toRelabel(best.test, labelQuality: labelQuality)
    let classes = ClassPriority.toPhotograph(best.test)
    return [Statements.accuracy(best), Statements.best(of: models), plan.map { Statements.automation($0, best) }]
      + [costPlan.flatMap { Statements.cost($0, best) }, Statements.bestClass(best)]
      + Statements.confusedPairs(pairs, best, limit: 1).map(Optional.some)
      + Statements.weakClasses(classes, best, limit: 1).map(Optional.some)
      + [Statements.confidence(best), Statements.priceOfAccuracy(models), Statements.speed(best)]
  }
}
