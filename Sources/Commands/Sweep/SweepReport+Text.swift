internal import Compute
internal import Pipeline
internal import Selection
internal import Text

extension SweepReport {
  /// The result as text: a table of the best configurations.
  /// - Parameter top: the number of rows
  func text(top: Int) -> String {
    let ranking = summary.rows
    let names = Set(ranking.flatMap(\.parameters.keys)).sorted()
    var table = TextTable(
      [.right, .right, .right, .right] + names.map { _ in .right } + [.left],
      header: ["rank", summary.metric, "+-", "fit s"] + names)
    for row in ranking.prefix(top) {
      table.add(
        [
          "\(row.rank)", row.mean.map { formatted($0, digits: 4) } ?? "-",
          row.deviation.map { formatted($0, digits: 4) } ?? "-", formatted(row.fitSeconds, digits: 2),
        ] + names.map { row.parameters[$0] ?? "" } + [row.failure ?? ""])
    }
    let more = ranking.count > top ? "\nand \(ranking.count - top) more" : ""
    let model = model.map { "\n\n\($0.text)" } ?? ""
    // With successive halving, a configuration has a row for each rung that it reached.
    let count = ranking.count { ($0.rung ?? 0) == 0 }
    let found = "\(counted(count, "configuration")) in \(formatted(searchSeconds, digits: 1)) s"
    return "\(table.text)\(more)\(model)\n\n\(found); results.csv, scores.csv and results.json written to \(folder)"
  }
}
