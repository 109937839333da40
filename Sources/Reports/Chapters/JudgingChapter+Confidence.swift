internal import Evaluation

extension JudgingChapter {
  /// More lines cannot be told apart: then the worst classes are drawn.
  private static let mostCurves = 10
  private static let worstCurves = 6
  /// Intervals of confidence with fewer images are left out: they say nothing.
  private static let leastImagesOfBin = 10

  // MARK: Curves

  /// How well each class is told from the rest, at any threshold; nil if no class has both images of it and of others.
  var curves: HTMLSection? {
    let all = OperatingCurve.all(model.test)
    guard !all.isEmpty else { return nil }
    let worstFirst = all.sorted { ($0.averagePrecision, $0.label) < ($1.averagePrecision, $1.label) }
    let shown =
      all.count <= Self.mostCurves ? all : worstFirst.prefix(Self.worstCurves).sorted { $0.label < $1.label }
    let part =
      shown.count < all.count
      ? " Of \(all.count) classes, the \(shown.count) with the least average precision are shown." : ""
    func series(_ point: (OperatingCurve.Point) -> PlotPoint) -> [LinePlot.Series] {
      shown.map { .init(model.classNames[$0.label], $0.points.map(point)) }
    }
    let recall = Axis("recall: share of the class that is found", format: .percent, range: 0...1)
    return HTMLSection(
      identifier("curves"), title: "Each class against the rest",
      [
        .figure(
          HTMLFigure(
            identifier("precision recall"),
            LinePlot(
              "Precision against recall", horizontal: recall,
              vertical: Axis("precision: share of those found that is right", format: .percent, range: 0...1),
              series: series { PlotPoint($0.recall, $0.precision) }),
            caption:
              "The more of a class is to be found, the more of what is found is wrong. Up and right is better.\(part)")),
        .figure(
          HTMLFigure(
            identifier("roc"),
            LinePlot(
              "ROC: found against falsely found",
              horizontal: Axis("share of other classes that is falsely found", format: .percent, range: 0...1),
              vertical: recall, series: series { PlotPoint($0.falsePositiveRate, $0.recall) }, diagonal: "chance"),
            caption:
              "The same thresholds, seen from all other images. Up and left is better; the diagonal is a guess.\(part)")
        ),
        .details(summary: "Areas under these curves", [.table(Self.table(of: all, model.classNames))]),
      ])
  }

  private static func table(of curves: [OperatingCurve], _ classNames: [String]) -> HTMLTable {
    HTMLTable(
      "Each class against the rest",
      columns: [
        .init("Class", .text), .init("Test images", .number), .init("Average precision", .number),
        .init("Area under ROC", .number),
      ],
      rows: curves.map { curve in
        [
          classNames[curve.label], Wording.count(curve.positives),
          NumberText.fixed(curve.averagePrecision, decimals: 4), NumberText.fixed(curve.areaUnderROC, decimals: 4),
        ].map { HTMLText($0) }
      })
  }

  // MARK: Reliability

  var confidence: HTMLSection {
    let scaling = model.holdOut.predictions.flatMap { TemperatureScaling(fittedOn: $0) }
    let scaled = scaling.map { $0.applied(to: model.test) }
    var series = [reliability("as the model says", model.test)]
    if let scaled, let scaling {
      let temperature = NumberText.fixed(scaling.temperature, decimals: 2)
      series.append(reliability("after temperature \(temperature)", scaled))
    }
    let plot = LinePlot(
      "Confidence and truth", horizontal: Axis("confidence", format: .percent, range: 0...1),
      vertical: Axis("share of these told rightly", format: .percent, range: 0...1), series: series,
      diagonal: "honest")
    var blocks: [HTMLBlock] = [
      .figure(
        HTMLFigure(
          identifier("reliability"), plot,
          caption: """
            Of the images that the model is 80 % sure of, 80 % should be told rightly: then the line is on the diagonal. Below it the \
            model is too sure of itself. Bands are 95 % intervals; intervals of confidence with fewer than \(Self.leastImagesOfBin) images \
            are left out.
            """))
    ]
    blocks.addStatements([
      Statements.confidence(model), scaled.flatMap { Statements.temperature(scaling!, model, scaled: $0) },
    ])
    blocks.append(.note(HTMLText(model.holdOut.explanation)))
    return HTMLSection(identifier("confidence"), title: "Does its confidence mean something?", blocks)
  }

  private func reliability(_ name: String, _ predictions: Predictions) -> LinePlot.Series {
    let bins = ReliabilityDiagram(predictions).bins.filter { $0.accuracy.count >= Self.leastImagesOfBin }
    return .init(
      name, bins.map { PlotPoint($0.meanConfidence, $0.accuracy.share) },
      band: bins.map { $0.accuracy.lower...$0.accuracy.upper })
  }
}
