internal import Foundation
internal import GRDB

/// The record of all runs in a folder: an SQLite file that other processes can read while one writes.
///
/// Write-ahead logging with `synchronous` NORMAL: what is committed survives the death of the process at once, and a power failure but
/// for the last moments; it never leaves half of a transaction.
package final class RunRecord: Sendable {
  /// The database's file.
  package let path: String
  private let database: DatabasePool

  package static let fileName = "atelier.sqlite"

  /// Opens the record of a folder, and makes it if it is not there.
  /// - Throws: ``RunError``
  package init(folder: String) throws(RunError) {
    path = folder + "/" + Self.fileName
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.label = "runs"
    do {
      database = try DatabasePool(path: path, configuration: configuration)
      let migrator = Self.migrator
      if try database.read({ try migrator.hasBeenSuperseded($0) }) {
        throw RunError("\(path) was written by a newer version of Atelier: install that one")
      }
      try migrator.migrate(database)
    } catch {
      throw RunError(error, path: path)
    }
  }

  /// Whether a folder has a record.
  package static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/" + fileName)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("runs") { database in
      try database.execute(
        sql: """
          CREATE TABLE run (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
            started REAL NOT NULL, ended REAL, data TEXT NOT NULL, dataDigest TEXT NOT NULL, definition TEXT NOT NULL,
            version TEXT NOT NULL, process TEXT NOT NULL);
          CREATE TABLE model (
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE, kind TEXT NOT NULL, settings TEXT NOT NULL,
            accuracy REAL NOT NULL, digest TEXT NOT NULL, path TEXT NOT NULL, fitSeconds REAL NOT NULL);
          CREATE TABLE task (
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE, key TEXT NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (run, key)) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("metrics, documents, and the price of a model") { database in
      try database.execute(
        sql: """
          ALTER TABLE model ADD COLUMN testSeconds REAL;
          ALTER TABLE model ADD COLUMN testImages INTEGER;
          ALTER TABLE model ADD COLUMN peakBytes INTEGER;
          CREATE TABLE metric (
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE, model TEXT NOT NULL, name TEXT NOT NULL,
            step INTEGER NOT NULL, value REAL, PRIMARY KEY (run, model, name, step)) WITHOUT ROWID;
          CREATE TABLE document (
            run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE, name TEXT NOT NULL, json TEXT NOT NULL,
            PRIMARY KEY (run, name)) WITHOUT ROWID;
          """)
    }
    return migrator
  }

  func write<Value>(_ body: (Database) throws -> Value) throws(RunError) -> Value {
    do { return try database.write(body) } catch { throw RunError(error, path: path) }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(RunError) -> Value {
    do { return try database.read(body) } catch { throw RunError(error, path: path) }
  }

  // MARK: Writing

  /// A run begins.
  /// - Returns: false if there is one of this name already, which stays as it is: see ``goOn(_:)``.
  @discardableResult package func begin(_ run: Run) throws(RunError) -> Bool {
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO run (name, kind, state, started, data, dataDigest, definition, version, process)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
          """,
        arguments: [
          run.name, run.kind, run.state.rawValue, run.started.timeIntervalSince1970, run.data, run.dataDigest,
          run.definition, run.version, run.process,
        ])
      return database.changesCount > 0
    }
  }

  /// A run that had ended goes on, in this process.
  package func goOn(_ name: String) throws(RunError) {
    try write { database in
      try database.execute(
        sql: "UPDATE run SET state = ?, reason = NULL, ended = NULL, process = ? WHERE name = ?",
        arguments: [Run.State.running.rawValue, ProcessMark.own, name])
    }
  }

  /// Whether there is a run of this name.
  package func contains(_ name: String) throws(RunError) -> Bool {
    try read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT * FROM run WHERE name = ?)", arguments: [name]) ?? false
    }
  }

  /// A run has ended, now.
  /// - Parameter reason: why it has failed, for people
  package func end(_ name: String, _ state: Run.State, reason: String? = nil) throws(RunError) {
    try write { database in
      try database.execute(
        sql: "UPDATE run SET state = ?, reason = ?, ended = ? WHERE name = ?",
        arguments: [state.rawValue, reason, Date().timeIntervalSince1970, name])
    }
  }

  /// Notes a model, in place of one that was in the same file.
  package func add(_ model: RunModel, to name: String) throws(RunError) {
    let settings = String(decoding: (try? JSONEncoder().encode(model.settings)) ?? Data(), as: UTF8.self)
    try write { database in
      try database.execute(
        sql: "DELETE FROM model WHERE path = ? AND run = (SELECT id FROM run WHERE name = ?)",
        arguments: [model.path, name])
      try database.execute(
        sql: """
          INSERT INTO model (run, kind, settings, accuracy, digest, path, fitSeconds, testSeconds, testImages, peakBytes)
          SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM run WHERE name = ?
          """,
        arguments: [
          model.kind, settings, model.accuracy, model.digest, model.path, model.fitSeconds, model.testSeconds,
          model.testImages, model.peakBytes, name,
        ])
    }
  }

  /// Keeps finished work, all of it or none. It is kept when this returns.
  package func keep(_ tasks: [(key: String, payload: [UInt8])], of name: String) throws(RunError) {
    try write { database in
      let statement = try database.cachedStatement(
        sql: "INSERT OR IGNORE INTO task (run, key, payload) SELECT id, ?, ? FROM run WHERE name = ?")
      for task in tasks { try statement.execute(arguments: [task.key, Data(task.payload), name]) }
    }
  }

  /// - Returns: whether there was such a run
  @discardableResult package func remove(_ name: String) throws(RunError) -> Bool {
    try write { database in
      try database.execute(sql: "DELETE FROM run WHERE name = ?", arguments: [name])
      return database.changesCount > 0
    }
  }

  // MARK: Reading

  /// The newest first. One whose process is gone is interrupted, whatever it said last.
  package func runs() throws(RunError) -> [Run] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY started DESC, id DESC").map(Self.run)
    }
  }

  /// In the order in which they were noted; empty if there is no such run.
  package func models(of name: String) throws(RunError) -> [RunModel] {
    try read { database in
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT model.* FROM model JOIN run ON run.id = model.run WHERE run.name = ? ORDER BY model.rowid",
        arguments: [name])
      return rows.map { row in
        let settings: String = row["settings"]
        return RunModel(
          kind: row["kind"],
          settings: (try? JSONDecoder().decode([String: String].self, from: Data(settings.utf8))) ?? [:],
          accuracy: row["accuracy"], digest: row["digest"], path: row["path"], fitSeconds: row["fitSeconds"],
          testSeconds: row["testSeconds"], testImages: row["testImages"], peakBytes: row["peakBytes"])
      }
    }
  }

  /// Finished work, by its key.
  package func tasks(of name: String) throws(RunError) -> [String: [UInt8]] {
    try read { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT key, payload FROM task JOIN run ON run.id = task.run WHERE run.name = ?",
        arguments: [name])
      return Dictionary(
        rows.map { ($0["key"] as String, [UInt8]($0["payload"] as Data)) }, uniquingKeysWith: { first, _ in first })
    }
  }

  private static func run(_ row: Row) -> Run {
    var run = Run(
      name: row["name"], kind: row["kind"], data: row["data"], dataDigest: row["dataDigest"],
      definition: row["definition"], version: row["version"], started: Date(timeIntervalSince1970: row["started"]))
    run.state = Run.State(rawValue: row["state"]) ?? .failed
    run.reason = row["reason"]
    run.ended = (row["ended"] as Double?).map { Date(timeIntervalSince1970: $0) }
    run.process = row["process"]
    if run.state == .running, !ProcessMark.isAlive(run.process) { run.state = .interrupted }
    return run
  }
}

/// Why the record of runs cannot be read or written, or a run not be had, and what to do about it.
package struct RunError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The record cannot be read or written.
    case unusable
    /// There is no such record, or no such run.
    case missing
    /// The user has named several runs, or one that this cannot be done to.
    case wrongUse
  }

  package let description: String
  package let kind: Kind

  package init(_ description: String, kind: Kind = .unusable) { (self.description, self.kind) = (description, kind) }

  init(_ error: any Error, path: String) {
    guard let database = error as? DatabaseError else {
      self = error as? RunError ?? RunError("\(path): \(error)")
      return
    }
    let reason =
      switch database.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT:
        "is no record of runs, or is damaged; move it away, and a new one is made"
      case .SQLITE_BUSY: "is locked by another process; wait for it, or end it"
      case .SQLITE_READONLY, .SQLITE_CANTOPEN: "cannot be written; check the folder and its permissions"
      case .SQLITE_FULL: "cannot grow: the disk is full"
      default: "cannot be used: \(database.message ?? "SQLite error \(database.resultCode.rawValue)")"
      }
    (description, kind) = ("\(path) \(reason)", .unusable)
  }
}
