internal import Foundation

/// As scikit-learn's `cv_results_`: columns of the same names and meanings, a row for each configuration (and rung).
extension SweepTable {
  private enum Cell {
    case number(Double)
    case integer(Int)
    case text(String)

    var csv: String {
      switch self {
      case .number(let value): value.isNaN ? "" : "\(value)"
      case .integer(let value): "\(value)"
      case .text(let value):
        value.contains { ",\"\n\r".contains($0) }
          ? "\"" + value.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : value
      }
    }

    var json: Any {
      switch self {
      case .number(let value): value.isNaN ? NSNull() : value
      case .integer(let value): value
      case .text(let value): value
      }
    }
  }

  /// - Parameter withTimes: they differ from run to run; without them, equal sweeps are equal texts.
  private func columns(withTimes: Bool) -> [(name: String, cells: [Cell])] {
    var columns: [(String, [Cell])] = []
    func times(_ name: String, _ time: KeyPath<FitTime, Double>) {
      let statistics = rows.map { Statistics($0.times.map { $0[keyPath: time] }) }
      columns.append(("mean_\(name)_time", statistics.map { .number($0.mean) }))
      columns.append(("std_\(name)_time", statistics.map { .number($0.deviation) }))
    }
    if rows.contains(where: { $0.rung != nil }) {
      columns.append(("iter", rows.map { .integer($0.rung?.number ?? 0) }))
      columns.append(("n_resources", rows.map { .integer($0.rung?.resource ?? 0) }))
    }
    if withTimes {
      times("fit", \.fitSeconds)
      times("score", \.scoreSeconds)
    }
    for name in Set(rows.flatMap { $0.configuration.parameters.map(\.name) }).sorted() {
      columns.append(("param_\(name)", rows.map { .text($0.configuration[name] ?? "") }))
    }
    columns.append(("params", rows.map { .text($0.configuration.json) }))
    // The one that ranks has the plain name, as where there is only one.
    for metric in [metric] + ScoreMetric.allCases.filter({ $0 != metric }) {
      let name = metric == self.metric ? "score" : metric.rawValue
      for split in 0..<splits {
        columns.append(
          ("split\(split)_test_\(name)", rows.map { .number($0.outcomes.isEmpty ? .nan : $0.scores(metric)[split]) }))
      }
      columns.append(("mean_test_\(name)", rows.map { .number($0.mean(metric)) }))
      columns.append(("std_test_\(name)", rows.map { .number($0.deviation(metric)) }))
      if metric == self.metric { columns.append(("rank_test_\(name)", ranks.map { .integer($0) })) }
    }
    if rows.contains(where: { $0.failure != nil }) {
      columns.append(("failure", rows.map { .text($0.failure ?? "") }))
    }
    return columns
  }

  /// RFC 4180, with a line of names.
  package func csv(withTimes: Bool) -> String {
    let columns = columns(withTimes: withTimes)
    let lines = [columns.map { Cell.text($0.name).csv }] + rows.indices.map { row in columns.map { $0.cells[row].csv } }
    return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  /// An object with a list for each column: `pandas.DataFrame(json)` is the table.
  package var json: String {
    let object = Dictionary(uniqueKeysWithValues: columns(withTimes: true).map { ($0.name, $0.cells.map(\.json)) })
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = (try? JSONSerialization.data(withJSONObject: object, options: options)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}

extension Configuration {
  /// The parameters as an object.
  fileprivate var json: String {
    let object = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value) })
    let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data ?? Data(), as: UTF8.self)
  }
}
