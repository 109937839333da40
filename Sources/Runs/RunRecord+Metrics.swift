internal import Foundation
internal import GRDB

/// Metrics and documents recorded during a run, for reports and other tools.
extension RunRecord {
  /// Stores metrics, and replaces existing ones of the same model, name and step.
  package func keep(_ metrics: [RunMetric], of name: String) throws(RunError) {
    try writeRows(of: name) { database in
      for metric in metrics {
        try RecordTable.metric.insert(
          [name, metric.model, metric.name, metric.step, metric.value], .replace, into: database)
      }
    }
  }

  /// Returns the metrics of a run, sorted by model, name and step.
  package func metrics(of name: String) throws(RunError) -> [RunMetric] {
    try read { [path] database in
      try RecordTable.metric.rows("WHERE run = ? ORDER BY model, name, step", [name], in: database, path: path).map {
        // SQLite stores NaN as NULL.
        RunMetric(
          model: try $0.text("model"), name: try $0.text("name"), step: try $0.integer("step"),
          value: try $0.optionalReal("value") ?? .nan)
      }
    }
  }

  /// Stores a value under a title, and replaces an existing one.
  package func keep(_ document: some Encodable, as title: String, of name: String) throws(RunError) {
    let json: String
    do { json = String(decoding: try JSONEncoder().encode(document), as: UTF8.self) } catch {
      throw RunError("\(title) of run \(name) cannot be stored: \(error)")
    }
    try writeRows(of: name) { database in
      try RecordTable.document.insert([name, title, json], .replace, into: database)
    }
  }

  /// Returns the value that ``keep(_:as:of:)`` stored; nil if there is none, or if it does not have this type.
  package func document<Value: Decodable>(_ type: Value.Type, as title: String, of name: String) throws(RunError)
    -> Value?
  {
    let json = try read { [path] database in
      try RecordTable.document.rows("WHERE run = ? AND name = ?", [name, title], in: database, path: path).first?
        .text("json")
    }
    return json.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
  }
}
