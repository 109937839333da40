internal import Text

extension Evaluation: CustomStringConvertible {
  /// The most classes whose confusion matrix is printed. Wider ones are unreadable, so only the most frequent
  /// confusions are listed.
  private static let classesOfWholeMatrix = 20

  /// The evaluation as text for the terminal.
  package var description: String {
    var parts = [summary.text, classTable.text]
    if classNames.count <= Self.classesOfWholeMatrix {
      parts.append("confusion matrix (rows: true class, columns: predicted class)\n\(matrix.text)")
    }
    if !commonConfusions.isEmpty {
      let lines = commonConfusions.map {
        "  \(classNames[$0.truth]) classified as \(classNames[$0.prediction]): \($0.count)"
      }
      parts.append("most frequent confusions\n" + lines.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private var summary: TextTable {
    var table = TextTable([.left, .right])
    table.add(["images", "\(images)"])
    for (name, value) in [
      ("accuracy", accuracy), ("balanced accuracy", balancedAccuracy), ("top-2 accuracy", top2Accuracy),
      ("top-3 accuracy", top3Accuracy), ("log loss", logLoss), ("Brier score", brierScore),
      ("expected calibration error", expectedCalibrationError),
    ] { table.add([name, formatted(value, digits: 4)]) }
    return table
  }

  private var classTable: TextTable {
    var table = TextTable(
      [.left, .right, .right, .right, .right], header: ["class", "precision", "recall", "F1", "images"])
    func add(_ name: String, _ measures: ClassMeasures, _ support: Int, isPresent: Bool = true) {
      func text(_ measure: Double, _ isKnown: Bool) -> String { isKnown ? formatted(measure, digits: 4) : "–" }
      table.add([
        name, text(measures.precision, isPresent), text(measures.recall, support > 0), text(measures.f1, isPresent),
        "\(support)",
      ])
    }
    for (label, name) in classNames.enumerated() {
      let support = confusion.support(label)
      add(name, classes[label], support, isPresent: support + confusion.predicted(label) > 0)
    }
    add("macro average", macroAverage, images)
    add("weighted average", weightedAverage, images)
    return table
  }

  private var matrix: TextTable {
    let labels = classNames.indices.map(String.init)
    var table = TextTable([.right, .left] + labels.map { _ in .right }, header: ["", ""] + labels)
    for (label, row) in confusion.counts.enumerated() {
      table.add([labels[label], classNames[label]] + row.map(String.init))
    }
    return table
  }

  /// The five most frequent confusions; of equally frequent ones, those of lower labels first.
  private var commonConfusions: [(truth: Int, prediction: Int, count: Int)] {
    let pairs = confusion.counts.indices.flatMap { truth in
      confusion.counts.indices.filter { $0 != truth }.map { (truth, $0, confusion.counts[truth][$0]) }
    }
    return Array(pairs.filter { $0.2 > 0 }.sorted { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }.prefix(5))
  }
}
