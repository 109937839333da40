internal import Evaluation

extension EvaluationChapter {
  /// The confusion matrix shows at most this many classes: those with the most errors.
  private static let maxMatrixClasses = 40
  private static let maxClassBars = 40

  var classes: HTMLSection {
    HTMLSection(
      identifier("classes"), title: "Results by class",
      [
        .figure(HTMLFigure(identifier("confusion"), confusionPlot, caption: confusionCaption)),
        .figure(HTMLFigure(identifier("recall"), recallPlot, caption: recallCaption)), classTable,
      ])
  }

  // MARK: Confusion

  /// All labels, or, if there are too many, those with the most errors, in ascending order.
  private var shownLabels: [Int] {
    let confusion = model.evaluation.confusion
    let labels = Array(0..<confusion.classCount)
    guard labels.count > Self.maxMatrixClasses else { return labels }
    func errors(_ label: Int) -> Int {
      confusion.support(label) + confusion.predicted(label) - 2 * confusion.counts[label][label]
    }
    return labels.sorted { (errors($1), $0) < (errors($0), $1) }.prefix(Self.maxMatrixClasses).sorted()
  }

  private var confusionPlot: HeatMap {
    let confusion = model.evaluation.confusion
    let labels = shownLabels
    let names = labels.map { model.classNames[$0] }
    let cells = labels.flatMap { truth in labels.map { (truth, $0) } }
    return HeatMap(
      "Confusion matrix", horizontal: Axis("predicted class"), vertical: Axis("true class"), columns: names,
      rows: names,
      values: cells.map { truth, prediction in
        let support = confusion.support(truth)
        return support > 0 ? Double(confusion.counts[truth][prediction]) / Double(support) : .nan
      },
      texts: cells.map { truth, prediction in QuantityText.count(confusion.counts[truth][prediction]) },
      scale: ColorScale(Axis("fraction of the true class", format: .percent, range: 0...1), map: .blues))
  }

  private var confusionCaption: HTMLText {
    let all = model.classNames.count
    let part =
      shownLabels.count < all ? " Of \(all) classes, the \(shownLabels.count) with the most errors are shown." : ""
    return
      """
      Numbers of test images; a row is a true class, a column a predicted class. Entries off the diagonal are \
      errors.\(part)
      """
  }

  // MARK: Recall

  private var recallPlot: BarPlot {
    let measured = intervals.filter { $0.recall.count > 0 }
    let order = measured.sorted { ($0.recall.fraction, $0.label) < ($1.recall.fraction, $1.label) }
    return BarPlot(
      "Recall by class",
      horizontal: Axis("recall: fraction of the class classified correctly", format: .percent, range: 0...1),
      vertical: Axis("class"),
      bars: order.prefix(Self.maxClassBars).map {
        .init(model.classNames[$0.label], $0.recall.fraction, interval: $0.recall.lower...$0.recall.upper)
      }, markers: [PlotMarker(model.test.accuracy.fraction, label: "all images")])
  }

  private var recallCaption: HTMLText {
    let missing = intervals.filter { $0.recall.count == 0 }
    let count = intervals.count - missing.count
    let part = count > Self.maxClassBars ? " Of \(count) classes, the \(Self.maxClassBars) worst are shown." : ""
    let names = missing.map { model.classNames[$0.label] }.joined(separator: ", ")
    let absent = missing.isEmpty ? "" : " Classes without test images: \(names)."
    return "Sorted from the lowest recall; whiskers are 95 % intervals.\(part)\(absent)"
  }

  // MARK: Table

  private var classTable: HTMLBlock {
    let table = HTMLTable(
      "Measures of each class, with 95 % intervals",
      columns: [
        .init("Class", .text), .init("Test images", .number), .init("Precision", .number), .init("Recall", .number),
        .init("F1", .number),
      ],
      rows: intervals.map { measured in
        func text(_ fraction: ProportionInterval) -> String {
          fraction.count > 0 ? "\(fraction.percent) (\(fraction.range))" : "–"
        }
        let f1Interval = QuantityText.percents(measured.f1Interval.lowerBound, measured.f1Interval.upperBound)
        let isKnown = measured.recall.count + measured.precision.count > 0
        return [
          model.classNames[measured.label], QuantityText.count(measured.recall.count), text(measured.precision),
          text(measured.recall), isKnown ? "\(QuantityText.percent(measured.f1)) (\(f1Interval))" : "–",
        ].map { HTMLText($0) }
      })
    let definition: HTMLText = """
      Precision: the fraction of the images predicted to be of the class that are of the class. Recall: the fraction \
      of the images of the class that are predicted to be of the class. F1: the harmonic mean of precision and recall.
      """
    return .details(summary: "Precision, recall and F1 of each class", [.paragraph(definition), .table(table)])
  }
}
