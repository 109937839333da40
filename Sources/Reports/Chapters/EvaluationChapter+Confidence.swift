internal import Evaluation
internal import Text

extension EvaluationChapter {
  /// With more classes than this, only the curves of the worst classes are drawn.
  private static let maxCurves = 10
  private static let worstCurves = 6
  /// Bins of confidence with fewer images are left out: their accuracy is too uncertain.
  private static let minImagesPerBin = 10

  // MARK: Curves

  /// Precision-recall and ROC curves of each class against the rest; nil if no class has both positive and negative
  /// images.
  var curves: HTMLSection? {
    let all = OperatingCurve.all(model.test)
    guard !all.isEmpty else { return nil }
    let worstFirst = all.sorted { ($0.averagePrecision, $0.label) < ($1.averagePrecision, $1.label) }
    let shown =
      all.count <= Self.maxCurves ? all : worstFirst.prefix(Self.worstCurves).sorted { $0.label < $1.label }
    let part =
      shown.count < all.count
      ? " Of \(all.count) classes, the \(shown.count) with the lowest average precision are shown." : ""
    func series(_ point: (OperatingCurve.Point) -> PlotPoint) -> [LinePlot.Series] {
      shown.map { .init(model.classNames[$0.label], $0.points.map(point)) }
    }
    let recall = Axis("recall (true positive rate)", format: .percent, range: 0...1)
    return HTMLSection(
      identifier("curves"), title: "Curves by class",
      [
        .figure(
          HTMLFigure(
            identifier("precision recall"),
            LinePlot(
              "Precision-recall curve", horizontal: recall,
              vertical: Axis("precision", format: .percent, range: 0...1),
              series: series { PlotPoint($0.recall, $0.precision) }),
            caption: """
              Each class against the rest. A lower threshold finds more images of the class, but more of the images \
              found are of other classes. Up and to the right is better.\(part)
              """)),
        .figure(
          HTMLFigure(
            identifier("roc"),
            LinePlot(
              "ROC curve",
              horizontal: Axis("false positive rate", format: .percent, range: 0...1),
              vertical: recall, series: series { PlotPoint($0.falsePositiveRate, $0.recall) }, diagonal: "chance"),
            caption: "The same thresholds. Up and to the left is better; the diagonal is random guessing.\(part)")),
        .details(summary: "Areas under the curves", [.table(Self.table(of: all, model.classNames))]),
      ])
  }

  private static func table(of curves: [OperatingCurve], _ classNames: [String]) -> HTMLTable {
    HTMLTable(
      "Areas under the curves, each class against the rest",
      columns: [
        .init("Class", .text), .init("Test images", .number), .init("Average precision", .number),
        .init("Area under ROC", .number),
      ],
      rows: curves.map { curve in
        [
          classNames[curve.label], QuantityText.count(curve.positives),
          NumberText.fixed(curve.averagePrecision, decimals: 4), NumberText.fixed(curve.areaUnderROC, decimals: 4),
        ].map { HTMLText($0) }
      })
  }

  // MARK: Reliability

  var confidence: HTMLSection {
    let scaling = model.holdOut.predictions.flatMap { TemperatureScaling(fittedOn: $0) }
    let scaled = scaling.map { $0.applied(to: model.test) }
    var series = [reliability("uncalibrated", model.test)]
    if let scaled, let scaling {
      let temperature = NumberText.fixed(scaling.temperature, decimals: 2)
      series.append(reliability("temperature \(temperature)", scaled))
    }
    let plot = LinePlot(
      "Reliability diagram", horizontal: Axis("confidence", format: .percent, range: 0...1),
      vertical: Axis("accuracy", format: .percent, range: 0...1), series: series,
      diagonal: "perfect calibration")
    var blocks: [HTMLBlock] = [
      .figure(
        HTMLFigure(
          identifier("reliability"), plot,
          caption: """
            A well-calibrated model classifies 80 % of the images correctly that it assigns 80 % confidence: its line \
            is on the diagonal. Below the diagonal, the model is overconfident. Bands are 95 % intervals; bins with \
            fewer than \(Self.minImagesPerBin) images are left out.
            """))
    ]
    blocks.addStatements([
      Statements.confidence(model), scaled.flatMap { Statements.temperature(scaling!, model, scaled: $0) },
    ])
    blocks.append(.note(HTMLText(model.holdOut.explanation)))
    return HTMLSection(identifier("confidence"), title: "Calibration", blocks)
  }

  private func reliability(_ name: String, _ predictions: Predictions) -> LinePlot.Series {
    let bins = ReliabilityDiagram(predictions).bins.filter { $0.accuracy.count >= Self.minImagesPerBin }
    return .init(
      name, bins.map { PlotPoint($0.meanConfidence, $0.accuracy.fraction) },
      band: bins.map { $0.accuracy.lower...$0.accuracy.upper })
  }
}
