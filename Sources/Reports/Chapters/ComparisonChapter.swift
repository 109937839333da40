package import Evaluation

/// Which model of a run is best, whether that is more than chance, and what each costs.
package struct ComparisonChapter: Sendable {
  private let models: [JudgedModel]
  private let comparisons: [ModelComparison]

  /// - Parameter models: at least one, judged by the same test images.
  package init(_ models: [JudgedModel]) {
    precondition(!models.isEmpty, "there is nothing to compare")
    self.models = models
    comparisons = ModelComparison.pairs(of: models.map(\.test))
  }

  package var section: HTMLSection {
    let images = Wording.count(models[0].test.count, "test image")
    var blocks: [HTMLBlock] = [
      .paragraph(
        """
        All models are judged by the same \(images), which none was fitted on. The interval is the range in which the accuracy on \
        other images of the same kind is to be expected, with 95 % confidence.
        """),
      .table(accuracyTable), .figure(HTMLFigure("accuracy-of-models", accuracyPlot, caption: accuracyCaption)),
    ]
    if let warning = Statements.tooFewImages(models[models.mostAccurate]) { blocks.append(.note(warning)) }
    let sections = models.count > 1 ? [pairs, price] : [price]
    return HTMLSection("comparison", title: "The models compared", blocks, subsections: sections)
  }

  // MARK: Accuracy

  private var accuracyTable: HTMLTable {
    HTMLTable(
      "Models and their accuracy",
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
      }, emphasised: models.count > 1 ? models.mostAccurate : nil)
  }

  private var accuracyPlot: BarPlot {
    BarPlot(
      "Accuracy on the test images",
      horizontal: Axis("share of test images told rightly", format: .percent, range: 0...1),
      vertical: Axis("model"),
      bars: models.map { model in
        let accuracy = model.test.accuracy
        return .init(model.name, accuracy.share, interval: accuracy.lower...accuracy.upper)
      })
  }

  private let accuracyCaption: HTMLText =
    "Whiskers are 95 % intervals. Overlapping whiskers do not show that models are equal: the paired tests are sharper."

  // MARK: Pairs

  private var pairs: HTMLSection {
    HTMLSection(
      "comparison-pairs", title: "Is the difference more than chance?",
      [
        .paragraph(
          """
          Images that both models tell rightly, or both wrongly, say nothing about which one is better. The others favour the one or the \
          other; if the models were equally good, like a thrown coin (McNemar's test, exact; p-values with Holm's correction for the \
          number of pairs).
          """),
        .statements(
          comparisons.map { Statements.comparison($0, of: models, pairs: comparisons.count) }),
      ])
  }

  // MARK: Price

  private var price: HTMLSection {
    var blocks: [HTMLBlock] = [.table(priceTable)]
    blocks.addStatements([Statements.priceOfAccuracy(models)])
    let timed = models.filter { $0.price.fitSeconds != nil }
    if timed.count > 1 {
      blocks.append(.figure(HTMLFigure("accuracy-against-time", timePlot(timed), caption: Self.timeCaption)))
    }
    return HTMLSection("comparison-price", title: "What each model costs", blocks)
  }

  private var priceTable: HTMLTable {
    HTMLTable(
      "Price of each model, as measured in this run",
      columns: [
        .init("Model", .text), .init("Time to train", .number), .init("Images a second", .number),
        .init("Most memory", .number), .init("Size on disk", .number),
      ],
      rows: models.map { model in
        let price = model.price
        return [
          model.name, price.fitSeconds.map(Wording.seconds) ?? "–",
          price.imagesPerSecond.map { NumberText.fixed($0, decimals: $0 < 10 ? 1 : 0) } ?? "–",
          price.peakBytes.map(Wording.bytes) ?? "–", price.fileBytes.map(Wording.bytes) ?? "–",
        ].map { HTMLText($0) }
      })
  }

  private func timePlot(_ models: [JudgedModel]) -> ScatterPlot {
    ScatterPlot(
      "Accuracy against training time", horizontal: Axis("time to train", unit: "s", scale: .logarithmic),
      vertical: Axis("accuracy", format: .percent),
      groups: models.map { model in
        let seconds = model.price.fitSeconds ?? 0
        let label =
          "\(model.name): \(model.test.accuracy.percent) after \(Wording.seconds(seconds))"
        return .init(
          model.name, [PlotPoint(max(seconds, Statements.leastSeconds), model.test.accuracy.share)], labels: [label])
      })
  }

  private static let timeCaption: HTMLText = """
    Up and to the left is better: more images told rightly, after a shorter training. The time axis is logarithmic; less than \
    \(Wording.seconds(Statements.leastSeconds)) is drawn as that.
    """
}

extension [HTMLBlock] {
  /// Those sentences that the data support; no block if there are none.
  mutating func addStatements(_ statements: [HTMLStatement?]) {
    let supported = statements.compactMap { $0 }
    if !supported.isEmpty { append(.statements(supported)) }
  }
}
