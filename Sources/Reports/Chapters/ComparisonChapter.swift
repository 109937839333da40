package import Evaluation
internal import Text

/// The report's chapter that compares the models of a run: their accuracy, whether the differences are significant, and
/// what each model costs.
package struct ComparisonChapter: Sendable {
  private let models: [EvaluatedModel]
  private let comparisons: [ModelComparison]

  /// - Parameter models: at least one, all evaluated on the same test images
  package init(_ models: [EvaluatedModel]) {
    precondition(!models.isEmpty, "a comparison needs at least one model")
    self.models = models
    comparisons = ModelComparison.pairs(of: models.map(\.test))
  }

  package var section: HTMLSection {
    let images = QuantityText.count(models[0].test.count, "test image")
    var blocks: [HTMLBlock] = [
      .paragraph(
        """
        \(models.count > 1 ? "All models are evaluated on the same" : "The model is evaluated on") \(images), none of \
        which was used for training. The interval contains, with 95 % confidence, the accuracy on other images of the \
        same kind.
        """),
      .table(accuracyTable), .figure(HTMLFigure("accuracy-of-models", accuracyPlot, caption: accuracyCaption)),
    ]
    if let warning = Statements.tooFewImages(models[models.mostAccurate]) { blocks.append(.note(warning)) }
    let sections = models.count > 1 ? [pairs, cost] : [cost]
    return HTMLSection("comparison", title: "Model comparison", blocks, subsections: sections)
  }

  // MARK: Accuracy

  private var accuracyTable: HTMLTable {
    HTMLTable(
      "Accuracy of each model",
      columns: [
        .init("Model", .text), .init("Parameters", .text), .init("Accuracy", .number),
        .init("95 % interval", .number), .init("Hold-out accuracy", .number),
      ],
      rows: models.map { model in
        let holdOut = model.holdOut.predictions.map { "\($0.accuracy.percent) (\($0.accuracy.range))" }
        return [
          HTMLText(model.name), HTMLText(model.mainSettings), HTMLText(model.test.accuracy.percent),
          HTMLText(model.test.accuracy.range), HTMLText(holdOut ?? "–"),
        ]
      }, emphasized: models.count > 1 ? models.mostAccurate : nil)
  }

  private var accuracyPlot: BarPlot {
    BarPlot(
      "Accuracy on the test set",
      horizontal: Axis("fraction of test images classified correctly", format: .percent, range: 0...1),
      vertical: Axis("model"),
      bars: models.map { model in
        let accuracy = model.test.accuracy
        return .init(model.name, accuracy.fraction, interval: accuracy.lower...accuracy.upper)
      })
  }

  private var accuracyCaption: HTMLText {
    models.count > 1
      ? """
      Whiskers are 95 % intervals. Overlapping whiskers do not show that two models are equally accurate: the paired \
      tests below are more sensitive.
      """
      : "The whisker is the 95 % interval."
  }

  // MARK: Pairs

  private var pairs: HTMLSection {
    HTMLSection(
      "comparison-pairs", title: "Statistical significance",
      [
        .paragraph(
          """
          Exact McNemar tests, with Holm's correction for the number of pairs. Images that both models classify \
          correctly, or both incorrectly, carry no information about which model is better. If two models were equally \
          good, each of the remaining images would favor either model with equal probability.
          """),
        .statements(
          comparisons.map { Statements.comparison($0, of: models, pairs: comparisons.count) }),
      ])
  }

  // MARK: Cost

  private var cost: HTMLSection {
    var blocks: [HTMLBlock] = [.table(costTable)]
    blocks.addStatements([Statements.costOfAccuracy(models)])
    let timed = models.filter { $0.cost.fitSeconds != nil }
    if timed.count > 1 {
      blocks.append(.figure(HTMLFigure("accuracy-against-time", timePlot(timed), caption: Self.timeCaption)))
    }
    return HTMLSection("comparison-cost", title: "Cost of each model", blocks)
  }

  private var costTable: HTMLTable {
    HTMLTable(
      "Cost of each model, as measured in this run",
      columns: [
        .init("Model", .text), .init("Training time", .number), .init("Images per second", .number),
        .init("Peak memory", .number), .init("Size on disk", .number),
      ],
      rows: models.map { model in
        let cost = model.cost
        return [
          model.name, cost.fitSeconds.map(QuantityText.seconds) ?? "–",
          cost.imagesPerSecond.map { NumberText.fixed($0, decimals: $0 < 10 ? 1 : 0) } ?? "–",
          cost.peakBytes.map(QuantityText.bytes) ?? "–", cost.fileBytes.map(QuantityText.bytes) ?? "–",
        ].map { HTMLText($0) }
      })
  }

  private func timePlot(_ models: [EvaluatedModel]) -> ScatterPlot {
    ScatterPlot(
      "Accuracy against training time", horizontal: Axis("training time", unit: "s", scale: .logarithmic),
      vertical: Axis("accuracy", format: .percent),
      groups: models.map { model in
        let seconds = model.cost.fitSeconds ?? 0
        let label =
          "\(model.name): \(model.test.accuracy.percent) after \(QuantityText.seconds(seconds))"
        return .init(
          model.name, [PlotPoint(max(seconds, Statements.minSeconds), model.test.accuracy.fraction)], labels: [label])
      })
  }

  private static let timeCaption: HTMLText = """
    Up and to the left is better: higher accuracy after a shorter training. The time axis is logarithmic; times below \
    \(NumberText.compact(Statements.minSeconds)) s are drawn at \(NumberText.compact(Statements.minSeconds)) s.
    """
}

extension [HTMLBlock] {
  /// Appends the statements that are not nil as one block; appends nothing if all are nil.
  mutating func addStatements(_ statements: [HTMLStatement?]) {
    let supported = statements.compactMap { $0 }
    if !supported.isEmpty { append(.statements(supported)) }
  }
}
