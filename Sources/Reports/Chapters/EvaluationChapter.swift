package import Datasets
package import Evaluation
internal import Models
internal import Text

/// The report's chapter on the evaluation of one model: its accuracy, its errors and the calibration of its confidence.
package struct EvaluationChapter: Sendable {
  let model: EvaluatedModel
  let images: LabeledImages
  let intervals: [ClassIntervals]

  /// - Parameters:
  ///   - model: its name, as an ``Identifier``, is unique on the page
  ///   - images: the test images that the model was evaluated on, in the same order
  package init(_ model: EvaluatedModel, testImages images: LabeledImages) {
    precondition(images.labels == model.test.labels, "the model was evaluated on other images")
    (self.model, self.images) = (model, images)
    intervals = ClassIntervals.all(model.evaluation.confusion)
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if let warning = Statements.tooFewImages(model) { blocks.append(.note(warning)) }
    let pairs = PairPriority.ranked(model.test)
    blocks.addStatements(
      [Statements.accuracy(model), Statements.bestClass(model)]
        + Statements.confusedPairs(pairs, model, limit: 2).map(Optional.some))
    let sections = [classes, curves, confidence, learning, errors, strata].compactMap { $0 }
    return HTMLSection(
      identifier(), title: "\(model.name): evaluation", blocks, subsections: sections + [settings])
  }

  /// The identifier of a part of this model's chapter.
  func identifier(_ part: String = "") -> Identifier { Identifier("evaluation \(model.name) \(part)") }

  private var cards: [HTMLCard] {
    let evaluation = model.evaluation
    let accuracy = model.test.accuracy
    var cards = [
      HTMLCard("Accuracy", accuracy.percent, remark: "95 % interval \(accuracy.range)")
    ]
    if evaluation.classNames.count > 2 {
      cards.append(
        HTMLCard(
          "Top-2 accuracy", QuantityText.percent(evaluation.top2Accuracy), remark: "true class among the top two"))
    }
    return cards + [
      HTMLCard(
        "Macro F1", QuantityText.percent(evaluation.macroAverage.f1), remark: "mean F1 over the classes"),
      HTMLCard(
        "Calibration error", QuantityText.percent(evaluation.expectedCalibrationError),
        remark: "expected calibration error, 15 bins"),
      HTMLCard("Log loss", NumberText.fixed(evaluation.logLoss, decimals: 3), remark: "lower is better; 0 is perfect"),
    ]
  }

  // MARK: Learning and settings

  private var learning: HTMLSection? {
    let epochs = model.learningCurve
    guard epochs.count > 1 else { return nil }
    func points(_ value: (EpochResult) -> Double?) -> [PlotPoint] {
      epochs.enumerated().compactMap { place, epoch in value(epoch).map { PlotPoint(Double(place + 1), $0) } }
    }
    let validation = points(\.validationAccuracy)
    let accuracy =
      [LinePlot.Series("training images", points(\.trainingAccuracy))]
      + (validation.isEmpty ? [] : [.init("validation images", validation)])
    let epoch = Axis("epoch", format: .whole)
    return HTMLSection(
      identifier("learning"), title: "Learning curves",
      [
        .gallery([
          HTMLFigure(
            identifier("loss"),
            LinePlot(
              "Training loss", horizontal: epoch, vertical: Axis("mean loss"),
              series: [.init("mean loss", points(\.loss))]),
            caption: "Mean loss over the training images of each epoch."),
          HTMLFigure(
            identifier("learning accuracy"),
            LinePlot(
              "Accuracy by epoch", horizontal: epoch, vertical: Axis("accuracy", format: .percent), series: accuracy),
            caption: """
              Training accuracy is measured during the epoch, while the model still changes; validation accuracy at \
              the end of the epoch. A growing gap between the two indicates overfitting.
              """),
        ])
      ])
  }

  private var settings: HTMLSection {
    HTMLSection(
      identifier("settings"), title: "Settings",
      [
        .details(
          summary: "All settings",
          [
            .table(
              HTMLTable(
                "Settings of \(model.name)",
                columns: [.init("Setting", .text), .init("Value", .number), .init("Meaning", .text)],
                rows: model.settings.sorted { $0.key < $1.key }.map(row)))
          ])
      ])
  }

  /// A row of the table of settings, with what the schema of the family says.
  private func row(_ name: String, _ value: String) -> [HTMLText] {
    guard let facts = model.kind?.setting(name) else { return [HTMLText(name), HTMLText(value), ""] }
    let unit = facts.unit.flatMap { Double(value) == nil ? nil : " \($0)" } ?? ""
    let meaning = facts.help + (facts.affectsFit ? "" : ". It affects only predictions")
    return [HTMLText(name), HTMLText(value + unit), HTMLText(meaning + ".")]
  }
}
