internal import Foundation
internal import GRDB

/// What a run has told on its way, for reports and other tools.
extension RunRecord {
  /// Keeps metrics; one that is told again replaces what was told before.
  package func keep(_ metrics: [RunMetric], of name: String) throws(RunError) {
    try write { database in
      let statement = try database.cachedStatement(
        sql:
          "INSERT OR REPLACE INTO metric (run, model, name, step, value) SELECT id, ?, ?, ?, ? FROM run WHERE name = ?")
      for metric in metrics {
        try statement.execute(arguments: [metric.model, metric.name, metric.step, metric.value, name])
      }
    }
  }

  /// By model, name and step.
  package func metrics(of name: String) throws(RunError) -> [RunMetric] {
    try read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT model, metric.name AS name, step, value FROM metric JOIN run ON run.id = metric.run
          WHERE run.name = ? ORDER BY model, metric.name, step
          """, arguments: [name])
      // SQLite keeps what is not a number as NULL.
      return rows.map {
        RunMetric(model: $0["model"], name: $0["name"], step: $0["step"], value: ($0["value"] as Double?) ?? .nan)
      }
    }
  }

  /// Keeps a value under a name, in place of what stood there.
  package func keep(_ document: some Encodable, as title: String, of name: String) throws(RunError) {
    let json: String
    do { json = String(decoding: try JSONEncoder().encode(document), as: UTF8.self) } catch {
      throw RunError("\(title) of run \(name) cannot be kept: \(error)")
    }
    try write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO document (run, name, json) SELECT id, ?, ? FROM run WHERE name = ?",
        arguments: [title, json, name])
    }
  }

  /// What ``keep(_:as:of:)`` has kept; nil if nothing was, or if it is not of this type.
  package func document<Value: Decodable>(_ type: Value.Type, as title: String, of name: String) throws(RunError)
    -> Value?
  {
    let json = try read { database in
      try String.fetchOne(
        database,
        sql: "SELECT json FROM document JOIN run ON run.id = document.run WHERE run.name = ? AND document.name = ?",
        arguments: [name, title])
    }
    return json.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
  }
}
