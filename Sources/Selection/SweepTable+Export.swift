internal import Foundation

/// Exports the table like scikit-learn's `cv_results_`: columns with the same names and meanings, and a row for each
/// configuration (and rung).
extension SweepTable {
  private enum Cell {
    case number(Double)
    case integer(Int)
    case text(String)
    /// Parameters by name; those named in `numbers` have numeric values.
    case object([Configuration.Parameter], numbers: Set<String>)

    var csv: String {
      switch self {
      case .number(let value): value.isNaN ? "" : "\(value)"
      case .integer(let value): "\(value)"
      case .text(let value): Self.quoted(value)
      case .object(let parameters, _): Self.quoted(Self.text(parameters))
      }
    }

    private static func quoted(_ text: String) -> String {
      text.utf8.contains { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }
        ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }

    private static func text(_ parameters: [Configuration.Parameter]) -> String {
      let data = try? JSONSerialization.data(
        withJSONObject: object(parameters, []), options: [.sortedKeys, .withoutEscapingSlashes])
      return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// - Parameter isNumber: whether a text is written as a number, or as null if it is empty
    func json(isNumber: Bool) -> Any {
      switch self {
      case .number(let value): value.isNaN ? NSNull() : value
      case .integer(let value): value
      case .text(let value): isNumber ? Self.number(value) ?? NSNull() : value
      case .object(let parameters, let numbers): Self.object(parameters, numbers)
      }
    }

    private static func object(_ parameters: [Configuration.Parameter], _ numbers: Set<String>) -> [String: Any] {
      var object: [String: Any] = [:]
      for parameter in parameters {
        object[parameter.name] = numbers.contains(parameter.name) ? number(parameter.value) : parameter.value
      }
      return object
    }

    static func number(_ text: String) -> Any? { Int(text) ?? Double(text).flatMap { $0.isFinite ? $0 : nil } }
  }

  /// The parameters whose values are numbers in all rows that have them.
  private var numbers: Set<String> {
    var isNumber: [Configuration.Parameter: Bool] = [:]
    var (found, others): (Set<String>, Set<String>) = ([], [])
    for parameter in rows.lazy.flatMap(\.configuration.parameters) where isNumber[parameter] == nil {
      isNumber[parameter] = Cell.number(parameter.value) != nil
      if isNumber[parameter]! { found.insert(parameter.name) } else { others.insert(parameter.name) }
    }
    return found.subtracting(others)
  }

  private struct Column {
    let name: String
    let cells: [Cell]
    /// Whether the cells are times, which vary from run to run.
    var isTime = false
    var isNumber = false

    init(_ name: String, _ cells: [Cell]) { (self.name, self.cells) = (name, cells) }
  }

  private var columns: [Column] {
    var columns: [Column] = []
    func times(_ name: String, _ time: (FitTime) -> Double) {
      let statistics = rows.map { Statistics($0.times.map(time)) }
      for (kind, value) in [("mean", \Statistics.mean), ("std", \Statistics.deviation)] {
        var column = Column("\(kind)_\(name)_time", statistics.map { .number($0[keyPath: value]) })
        column.isTime = true
        columns.append(column)
      }
    }
    if rows.contains(where: { $0.rung != nil }) {
      columns.append(Column("iter", rows.map { .integer($0.rung?.number ?? 0) }))
      columns.append(Column("n_resources", rows.map { .integer($0.rung?.resource ?? 0) }))
    }
    times("fit", \.fitSeconds)
    times("score", \.scoreSeconds)
    let numbers = numbers
    for name in Set(rows.flatMap { $0.configuration.parameters.map(\.name) }).sorted() {
      var column = Column("param_\(name)", rows.map { .text($0.configuration[name] ?? "") })
      column.isNumber = numbers.contains(name)
      columns.append(column)
    }
    columns.append(Column("params", rows.map { .object($0.configuration.parameters, numbers: numbers) }))
    // The ranking metric is named `score`, as in scikit-learn with a single metric.
    for metric in [metric] + ScoreMetric.allCases.filter({ $0 != metric }) {
      let name = metric == self.metric ? "score" : metric.rawValue
      let scores = rows.map { $0.scores(metric) }
      for split in 0..<splits {
        columns.append(
          Column("split\(split)_test_\(name)", scores.map { .number($0.isEmpty ? .nan : $0[split]) }))
      }
      let statistics = scores.map { Statistics($0) }
      columns.append(Column("mean_test_\(name)", statistics.map { .number($0.mean) }))
      columns.append(Column("std_test_\(name)", statistics.map { .number($0.deviation) }))
      if metric == self.metric { columns.append(Column("rank_test_\(name)", ranks.map { .integer($0) })) }
    }
    if rows.contains(where: { $0.failure != nil }) {
      columns.append(Column("failure", rows.map { .text($0.failure ?? "") }))
    }
    return columns
  }

  /// The contents of the table's files.
  package struct Files: Sendable {
    /// CSV (RFC 4180) with a header line.
    package let csv: String
    /// CSV without times, which vary from run to run: equal sweeps give equal texts.
    package let scores: String
    /// A JSON object with a list for each column; `pandas.DataFrame(json)` gives the table.
    package let json: String
  }

  package var files: Files {
    let columns = columns
    let texts = columns.map { column in [Cell.text(column.name).csv] + column.cells.map(\.csv) }
    let scores = zip(columns, texts).filter { !$0.0.isTime }.map(\.1)
    return Files(csv: Self.csv(texts), scores: Self.csv(scores), json: Self.json(columns))
  }

  /// - Parameter columns: each with its name, then its cells
  private static func csv(_ columns: [[String]]) -> String {
    var csv = ""
    for row in columns[0].indices { csv += columns.map { $0[row] }.joined(separator: ",") + "\r\n" }
    return csv
  }

  private static func json(_ columns: [Column]) -> String {
    let object = Dictionary(
      uniqueKeysWithValues: columns.map { column in
        (column.name, column.cells.map { $0.json(isNumber: column.isNumber) })
      })
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = (try? JSONSerialization.data(withJSONObject: object, options: options)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}
