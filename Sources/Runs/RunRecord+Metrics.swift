internal import Foundation
internal import GRDB

/// What a run has told on its way, for reports and other tools.
extension RunRecord {
  /// Keeps metrics; one that is told again replaces what was told before.
  package func keep(_ metrics: [RunMetric], of name: String) throws(RunError) {
    try writeRows(of: name) { database in
      for metric in metrics {
        try RecordTable.metric.insert(
          [name, metric.model, metric.name, metric.step, metric.value], .replace, into: database)
      }
    }
  }

  /// By model, name and step.
  package func metrics(of name: String) throws(RunError) -> [RunMetric] {
    try read { [path] database in
      try RecordTable.metric.rows("WHERE run = ? ORDER BY model, name, step", [name], in: database, path: path).map {
        // SQLite keeps what is not a number as NULL.
        RunMetric(
          model: try $0.text("model"), name: try $0.text("name"), step: try $0.integer("step"),
          value: try $0.optionalReal("value") ?? .nan)
      }
    }
  }

  /// Keeps a value under a name, in place of what stood there.
  package func keep(_ document: some Encodable, as title: String, of name: String) throws(RunError) {
    let json: String
    do { json = String(decoding: try JSONEncoder().encode(document), as: UTF8.self) } catch {
      throw RunError("\(title) of run \(name) cannot be kept: \(error)")
    }
    try writeRows(of: name) { database in
      try RecordTable.document.insert([name, title, json], .replace, into: database)
    }
  }

  /// What ``keep(_:as:of:)`` has kept; nil if nothing was, or if it is not of this type.
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
