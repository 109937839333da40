internal import Compute
internal import Foundation
internal import GRDB

/// A table of the record. The last column of each row is a digest of its other values, so that rows that were changed
/// or damaged outside of Atelier are refused.
struct RecordTable {
  let name: String
  /// The columns without the digest.
  let columns: [String]
  /// The column and key definitions for `CREATE TABLE`.
  private let definition: String
  /// The columns that identify a row, for errors.
  private let keys: [String]

  static let all = [run, model, task, metric, document]

  static let run = RecordTable(
    name: "run",
    columns: [
      "name", "kind", "state", "reason", "started", "ended", "data", "dataDigest", "definition", "version", "process",
    ],
    definition: """
      name TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, started REAL NOT NULL, \
      ended REAL, data TEXT NOT NULL, dataDigest TEXT NOT NULL, definition TEXT NOT NULL, version TEXT NOT NULL, \
      process TEXT NOT NULL, digest TEXT NOT NULL
      """, keys: ["name"])

  static let model = RecordTable(
    name: "model",
    columns: [
      "run", "path", "kind", "settings", "accuracy", "modelDigest", "fitSeconds", "testSeconds", "testImages",
      "peakBytes",
    ],
    definition: """
      run TEXT NOT NULL REFERENCES run(name) ON DELETE CASCADE, path TEXT NOT NULL, kind TEXT NOT NULL, \
      settings TEXT NOT NULL, accuracy REAL NOT NULL, modelDigest TEXT NOT NULL, fitSeconds REAL NOT NULL, \
      testSeconds REAL, testImages INTEGER, peakBytes INTEGER, digest TEXT NOT NULL, PRIMARY KEY (run, path)
      """, keys: ["run", "path"])

  /// The results of finished tasks of a run.
  static let task = RecordTable(
    name: "task", columns: ["run", "key", "payload"],
    definition: """
      run TEXT NOT NULL REFERENCES run(name) ON DELETE CASCADE, key TEXT NOT NULL, payload BLOB NOT NULL, \
      digest TEXT NOT NULL, PRIMARY KEY (run, key)
      """, keys: ["run", "key"])

  static let metric = RecordTable(
    name: "metric", columns: ["run", "model", "name", "step", "value"],
    definition: """
      run TEXT NOT NULL REFERENCES run(name) ON DELETE CASCADE, model TEXT NOT NULL, name TEXT NOT NULL, \
      step INTEGER NOT NULL, value REAL, digest TEXT NOT NULL, PRIMARY KEY (run, model, name, step)
      """, keys: ["run", "model", "name", "step"])

  static let document = RecordTable(
    name: "document", columns: ["run", "name", "json"],
    definition: """
      run TEXT NOT NULL REFERENCES run(name) ON DELETE CASCADE, name TEXT NOT NULL, json TEXT NOT NULL, \
      digest TEXT NOT NULL, PRIMARY KEY (run, name)
      """, keys: ["run", "name"])

  /// The statement that creates the table, as stored by the database.
  var creation: String { "CREATE TABLE \(name) (\(definition))" }

  // MARK: Writing

  enum Conflict: String {
    case replace = "OR REPLACE"
    case ignore = "OR IGNORE"
  }

  /// Adds a row.
  /// - Parameter values: the values in the order of ``columns``
  func insert(_ values: [(any DatabaseValueConvertible)?], _ conflict: Conflict, into database: Database) throws {
    let places = (columns + [""]).map { _ in "?" }.joined(separator: ", ")
    let statement = try database.cachedStatement(
      sql: "INSERT \(conflict.rawValue) INTO \(name) (\(columns.joined(separator: ", ")), digest) VALUES (\(places))")
    try statement.execute(arguments: StatementArguments(withDigest(values)))
  }

  /// Replaces the values of the rows that match a condition.
  func update(
    _ values: [(any DatabaseValueConvertible)?], _ condition: String, _ arguments: StatementArguments,
    in database: Database
  ) throws {
    let changes = (columns + ["digest"]).map { "\($0) = ?" }.joined(separator: ", ")
    try database.execute(
      sql: "UPDATE \(name) SET \(changes) \(condition)",
      arguments: StatementArguments(withDigest(values)) + arguments)
  }

  /// Returns the values as stored, followed by the digest.
  private func withDigest(_ values: [(any DatabaseValueConvertible)?]) -> [DatabaseValue] {
    precondition(values.count == columns.count)
    // SQLite stores NaN as NULL.
    let stored = values.map { value -> DatabaseValue in
      let stored = value?.databaseValue ?? .null
      if case .double(let number) = stored.storage, number.isNaN { return .null }
      return stored
    }
    return stored + [digest(of: stored).databaseValue]
  }

  // MARK: Reading

  /// Reads the rows that match a condition, and checks their digests.
  /// - Parameters:
  ///   - condition: SQL, starting at WHERE
  ///   - path: the path of the record, for errors
  /// - Throws: ``RunError`` of the kind ``RunError/Kind/damaged`` if a row does not match its digest
  func rows(
    _ condition: String, _ arguments: StatementArguments = [], in database: Database, path: String
  ) throws -> [RecordRow] {
    try uncheckedRows(condition, arguments, in: database, path: path).map { row in
      try row.check()
      return row
    }
  }

  func uncheckedRows(
    _ condition: String, _ arguments: StatementArguments = [], in database: Database, path: String
  ) throws -> [RecordRow] {
    try Row.fetchAll(
      database, sql: "SELECT \((columns + ["digest"]).joined(separator: ", ")) FROM \(name) \(condition)",
      arguments: arguments
    ).map { RecordRow(table: self, values: Array($0.databaseValues), path: path) }
  }

  /// Returns the SHA-256 of the table's name and the type, length and bytes of each value.
  fileprivate func digest(of values: some Collection<DatabaseValue>) -> String {
    var digest = Digest()
    digest.update("\(name) \(values.count)\n")
    for value in values {
      switch value.storage {
      case .null: digest.update("null\n")
      case .int64(let number): digest.update("integer \(number)\n")
      // SQLite does not store the sign of zero.
      case .double(let number): digest.update("real \((number == 0 ? 0 : number).bitPattern)\n")
      case .string(let text): digest.update("text \(text.utf8.count) \(text)\n")
      case .blob(let data):
        digest.update("blob \(data.count) ")
        data.withUnsafeBytes { digest.update($0) }
      }
    }
    return digest.finalize()
  }

  fileprivate func title(_ values: [DatabaseValue]) -> String {
    let names = keys.map { key in
      let value = values[columns.firstIndex(of: key)!]
      return "\(key) \(String.fromDatabaseValue(value).map { String($0.prefix(100)) } ?? "\(value)")"
    }
    return "the row of table \(name) with \(names.joined(separator: ", "))"
  }
}

/// A row as read from an untrusted file: reading an invalid value throws an error, and never crashes.
struct RecordRow {
  let table: RecordTable
  /// The values of the row, including the digest at the end.
  let values: [DatabaseValue]
  let path: String

  func check() throws(RunError) {
    guard case .string(let known) = values.last?.storage, known == table.digest(of: values.dropLast()) else {
      throw damage("does not match its digest: it was changed or damaged after it was written")
    }
  }

  func damage(_ reason: String) -> RunError {
    RunError(
      """
      \(path): \(table.title(values)) \(reason). Restore the file from a backup, or remove the run with `atelier runs \
      remove` and start it again
      """, kind: .damaged)
  }

  private func value(_ column: String) -> DatabaseValue { values[table.columns.firstIndex(of: column)!] }

  private func wrongType(_ column: String) -> RunError { damage("has a value of the wrong type in column \(column)") }

  func text(_ column: String) throws(RunError) -> String {
    guard case .string(let text) = value(column).storage else { throw wrongType(column) }
    return text
  }

  func optionalText(_ column: String) throws(RunError) -> String? {
    value(column).isNull ? nil : try text(column)
  }

  func real(_ column: String) throws(RunError) -> Double {
    guard case .double(let number) = value(column).storage else { throw wrongType(column) }
    return number
  }

  func optionalReal(_ column: String) throws(RunError) -> Double? { value(column).isNull ? nil : try real(column) }

  func integer(_ column: String) throws(RunError) -> Int {
    guard case .int64(let number) = value(column).storage else { throw wrongType(column) }
    return Int(number)
  }

  func optionalInteger(_ column: String) throws(RunError) -> Int? { value(column).isNull ? nil : try integer(column) }

  func bytes(_ column: String) throws(RunError) -> [UInt8] {
    guard case .blob(let data) = value(column).storage else { throw wrongType(column) }
    return [UInt8](data)
  }
}
