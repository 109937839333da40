internal import Evaluation

extension JudgingChapter {
  /// A matrix of more classes is too fine to read, and those with most errors are shown alone.
  private static let classesOfMatrix = 40
  private static let barsOfClasses = 40

  var classes: HTMLSection {
    HTMLSection(
      identifier("classes"), title: "Class by class",
      [
        .figure(HTMLFigure(identifier("confusion"), confusionPlot, caption: confusionCaption)),
        .figure(HTMLFigure(identifier("recall"), recallPlot, caption: recallCaption)), classTable,
      ])
  }

  // MARK: Confusion

  /// All labels; of many, those with most errors, in order.
  private var shownLabels: [Int] {
    let confusion = model.evaluation.confusion
    let labels = Array(0..<confusion.classCount)
    guard labels.count > Self.classesOfMatrix else { return labels }
    func errors(_ label: Int) -> Int {
      confusion.support(label) + confusion.predicted(label) - 2 * confusion.counts[label][label]
    }
    return labels.sorted { (errors($1), $0) < (errors($0), $1) }.prefix(Self.classesOfMatrix).sorted()
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
      texts: cells.map { truth, prediction in Wording.count(confusion.counts[truth][prediction]) },
      scale: ColourScale(Axis("share of the true class's images", format: .percent, range: 0...1), map: .blues))
  }

  private var confusionCaption: HTMLText {
    let all = model.classNames.count
    let part = shownLabels.count < all ? " Of \(all) classes, the \(shownLabels.count) with most errors are shown." : ""
    return "Numbers are test images; each row is what became of one class. What lies off the diagonal is wrong.\(part)"
  }

  // MARK: Recall

  private var recallPlot: BarPlot {
    let judged = intervals.filter { $0.recall.count > 0 }
    let order = judged.sorted { ($0.recall.share, $0.label) < ($1.recall.share, $1.label) }
    return BarPlot(
      "Images named rightly, by class",
      horizontal: Axis("recall: share of the class's images named rightly", format: .percent, range: 0...1),
      vertical: Axis("class"),
      bars: order.prefix(Self.barsOfClasses).map {
        .init(model.classNames[$0.label], $0.recall.share, interval: $0.recall.lower...$0.recall.upper)
      }, markers: [PlotMarker(model.test.accuracy.share, label: "all images")])
  }

  private var recallCaption: HTMLText {
    let missing = intervals.filter { $0.recall.count == 0 }
    let judged = intervals.count - missing.count
    let part = judged > Self.barsOfClasses ? " Of \(judged) classes, the \(Self.barsOfClasses) worst are shown." : ""
    let names = missing.map { model.classNames[$0.label] }.joined(separator: ", ")
    let absent = missing.isEmpty ? "" : " Without test images, nothing is known of: \(names)."
    return "The worst first; whiskers are 95 % intervals.\(part)\(absent)"
  }

  // MARK: Table

  private var classTable: HTMLBlock {
    let table = HTMLTable(
      "Precision, recall and F1 of each class, with 95 % intervals",
      columns: [
        .init("Class", .text), .init("Test images", .number), .init("Precision", .number), .init("Recall", .number),
        .init("F1", .number),
      ],
      rows: intervals.map { measured in
        func text(_ share: ProportionInterval) -> String {
          share.count > 0 ? "\(share.percent) (\(share.range))" : "–"
        }
        let f1Interval = Wording.percents(measured.f1Interval.lowerBound, measured.f1Interval.upperBound)
        let isKnown = measured.recall.count + measured.precision.count > 0
        return [
          model.classNames[measured.label], Wording.count(measured.recall.count), text(measured.precision),
          text(measured.recall), isKnown ? "\(Wording.percent(measured.f1)) (\(f1Interval))" : "–",
        ].map { HTMLText($0) }
      })
    let definition: HTMLText = """
      Precision: of the images that the model takes for the class, those that are. Recall: of the images of the class, those that it takes \
      for it. F1: the harmonic mean of the two.
      """
    return .details(summary: "The numbers of each class", [.paragraph(definition), .table(table)])
  }
}
