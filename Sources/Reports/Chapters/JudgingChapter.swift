package import Datasets
package import Evaluation
internal import Models

/// How good one model is: on what it is right, on what wrong, and whether its confidence means something.
package struct JudgingChapter: Sendable {
  let model: JudgedModel
  let images: LabeledImages
  let intervals: [ClassIntervals]

  /// - Parameters:
  ///   - model: whose name, as an ``Identifier``, no other model of the page shares
  ///   - images: the test images that it was judged by, in the same order
  package init(_ model: JudgedModel, testImages images: LabeledImages) {
    precondition(images.labels == model.test.labels, "the model was judged by other images")
    (self.model, self.images) = (model, images)
    intervals = ClassIntervals.all(model.evaluation.confusion)
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if let warning = Statements.tooFewImages(model) { blocks.append(.note(warning)) }
    let pairs = PairPriority.toRelabel(model.test)
    blocks.addStatements(
      [Statements.accuracy(model), Statements.bestClass(model)]
        + Statements.confusedPairs(pairs, model, limit: 2).map(Optional.some))
    let sections = [classes, curves, confidence, learning, errors, strata].compactMap { $0 }
    return HTMLSection(
      identifier(), title: "\(model.name): how good is it?", blocks, subsections: sections + [settings])
  }

  /// Of this model, and a part of its chapter.
  func identifier(_ part: String = "") -> Identifier { Identifier("judging \(model.name) \(part)") }

  private var cards: [HTMLCard] {
    let evaluation = model.evaluation
    let accuracy = model.test.accuracy
    var cards = [
      HTMLCard("Accuracy", accuracy.percent, remark: "on other images, expect \(accuracy.range)")
    ]
    if evaluation.classNames.count > 2 {
      cards.append(
        HTMLCard("In the first two", Wording.percent(evaluation.top2Accuracy), remark: "top-2 accuracy"))
    }
    return cards + [
      HTMLCard(
        "F1, mean of classes", Wording.percent(evaluation.macroAverage.f1),
        remark: "harmonic mean of precision and recall"),
      HTMLCard(
        "Confidence off by", Wording.percent(evaluation.expectedCalibrationError),
        remark: "expected calibration error, 15 bins"),
      HTMLCard("Log loss", NumberText.fixed(evaluation.logLoss, decimals: 3), remark: "0 is perfect"),
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
      identifier("learning"), title: "How it learned",
      [
        .gallery([
          HTMLFigure(
            identifier("loss"),
            LinePlot(
              "Training loss", horizontal: epoch, vertical: Axis("mean loss"),
              series: [.init("mean loss", points(\.loss))]),
            caption: "The mean loss over the training images of each epoch, which training makes small."),
          HTMLFigure(
            identifier("learning accuracy"),
            LinePlot(
              "Accuracy by epoch", horizontal: epoch, vertical: Axis("accuracy", format: .percent), series: accuracy),
            caption: """
              Training images are judged while the model still changes, validation images at the end of the epoch. Where the two part, the \
              model learns its images by heart.
              """),
        ])
      ])
  }

  private var settings: HTMLSection {
    HTMLSection(
      identifier("settings"), title: "How it was made",
      [
        .details(
          summary: "All settings",
          [
            .definitions(
              model.settings.sorted { $0.key < $1.key }.map { HTMLDefinition($0.key, HTMLText($0.value)) })
          ])
      ])
  }
}
