internal import Foundation
internal import GRDB
internal import Text

/// The record of all runs in a folder: an SQLite file that other processes can read while one writes.
///
/// It uses write-ahead logging with `synchronous` NORMAL: committed transactions survive a crash of the process; a
/// power failure may lose the last ones, but never leaves a partial one. Each row has a digest of its values, which is
/// checked when it is read (``RecordTable``); the file may come from an untrusted source (``RecordFile``).
package final class RunRecord: Sendable {
  /// The path of the database file.
  package let path: String
  private let file: RecordFile

  package static let fileName = "atelier.sqlite"

  package enum Access: Sendable {
    /// Read-only; needs no write permission.
    case reading
    /// Creates the record if it does not exist.
    case writing
  }

  /// Opens the record of a folder.
  /// - Throws: ``RunError``
  package init(folder: String, for access: Access = .writing) throws(RunError) {
    path = folder + "/" + Self.fileName
    do { file = try RecordFile(path: path, isWritable: access == .writing) } catch { throw RunError(error, path: path) }
  }

  deinit { if let copy = file.copy { try? FileManager.default.removeItem(atPath: copy) } }

  /// Whether a folder has a record.
  package static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/" + fileName)
  }

  func write<Value>(_ body: (Database) throws -> Value) throws(RunError) -> Value {
    do { return try file.write(body) } catch { throw RunError(error, path: path) }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(RunError) -> Value {
    do { return try file.read(body) } catch { throw RunError(error, path: path) }
  }

  // MARK: Writing

  /// Adds a run that starts now.
  /// - Returns: false if a run of this name exists, which is left unchanged; see ``resume(_:)``
  @discardableResult package func begin(_ run: Run) throws(RunError) -> Bool {
    try write { database in
      try RecordTable.run.insert(run.values, .ignore, into: database)
      return database.changesCount > 0
    }
  }

  /// Marks an ended run as resumed by this process.
  package func resume(_ name: String) throws(RunError) {
    try change(name) { run in
      (run.state, run.reason, run.ended, run.process) = (.running, nil, nil, ProcessMark.own)
    }
  }

  /// Marks a run as ended now.
  /// - Parameter reason: the reason for a failure, as text
  package func end(_ name: String, _ state: Run.State, reason: String? = nil) throws(RunError) {
    try change(name) { run in (run.state, run.reason, run.ended) = (state, reason, Date()) }
  }

  /// Changes the row of a run. Does nothing if there is no such run.
  private func change(_ name: String, _ change: (inout Run) -> Void) throws(RunError) {
    try write { [path] database in
      for row in try RecordTable.run.rows("WHERE name = ?", [name], in: database, path: path) {
        var run = try Run(row)
        change(&run)
        let values = run.values
        // UPDATE, since REPLACE would delete all rows that belong to the run.
        try RecordTable.run.update(values, "WHERE name = ?", [name], in: database)
      }
    }
  }

  /// Whether there is a run of this name.
  package func contains(_ name: String) throws(RunError) -> Bool {
    try read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT * FROM run WHERE name = ?)", arguments: [name]) ?? false
    }
  }

  /// Adds a model, and replaces one with the same path. Does nothing if there is no such run.
  package func add(_ model: RunModel, to name: String) throws(RunError) {
    let settings = String(decoding: (try? JSONEncoder().encode(model.settings)) ?? Data(), as: UTF8.self)
    try writeRows(of: name) { database in
      try RecordTable.model.insert(
        [
          name, model.path, model.kind, settings, model.accuracy, model.digest, model.fitSeconds, model.testSeconds,
          model.testImages, model.peakBytes,
        ], .replace, into: database)
    }
  }

  /// Stores finished tasks in one transaction, which is committed when this returns.
  package func keep(_ tasks: [(key: String, payload: [UInt8])], of name: String) throws(RunError) {
    try writeRows(of: name) { database in
      for task in tasks {
        try RecordTable.task.insert([name, task.key, Data(task.payload)], .ignore, into: database)
      }
    }
  }

  /// Writes rows that belong to a run. Does nothing if there is no such run.
  func writeRows(of name: String, _ body: (Database) throws -> Void) throws(RunError) {
    try write { database in
      if try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT * FROM run WHERE name = ?)", arguments: [name]) == true
      {
        try body(database)
      }
    }
  }

  /// Removes a run, even a damaged one, with all rows that belong to it.
  /// - Returns: false if there is no such run
  @discardableResult package func remove(_ name: String) throws(RunError) -> Bool {
    try write { database in
      // Rows of a damaged run may belong to it by name alone.
      for table in RecordTable.all where table.name != "run" {
        try database.execute(sql: "DELETE FROM \(table.name) WHERE run = ?", arguments: [name])
      }
      try database.execute(sql: "DELETE FROM run WHERE name = ?", arguments: [name])
      return database.changesCount > 0
    }
  }

  // MARK: Reading

  /// Returns all runs, newest first. A run whose process has ended without marking it as ended is interrupted. A run
  /// whose row was changed outside of Atelier, or whose name could lead out of the folder, is damaged, with the reason.
  package func runs() throws(RunError) -> [Run] {
    try read { [path] database in
      try RecordTable.run.uncheckedRows("ORDER BY started DESC, rowid DESC", in: database, path: path).map { row in
        do throws(RunError) {
          try row.check()
          var run = try Run(row)
          if run.state == .running, !ProcessMark.isAlive(run.process) { run.state = .interrupted }
          return run
        } catch {
          return Run(damaged: row, reason: error.description)
        }
      }
    }
  }

  /// Returns the models of a run in the order in which they were added; empty if there is no such run.
  package func models(of name: String) throws(RunError) -> [RunModel] {
    try read { [path] database in
      try RecordTable.model.rows("WHERE run = ? ORDER BY rowid", [name], in: database, path: path).map { row in
        let settings = Data(try row.text("settings").utf8)
        guard let settings = try? JSONDecoder().decode([String: String].self, from: settings) else {
          throw row.damage("has no valid settings")
        }
        return RunModel(
          kind: try row.text("kind"), settings: settings, accuracy: try row.real("accuracy"),
          digest: try row.text("modelDigest"), path: try row.text("path"), fitSeconds: try row.real("fitSeconds"),
          testSeconds: try row.optionalReal("testSeconds"), testImages: try row.optionalInteger("testImages"),
          peakBytes: try row.optionalInteger("peakBytes"))
      }
    }
  }

  /// Returns the payloads of finished tasks by key.
  package func tasks(of name: String) throws(RunError) -> [String: [UInt8]] {
    try read { [path] database in
      var tasks: [String: [UInt8]] = [:]
      for row in try RecordTable.task.rows("WHERE run = ?", [name], in: database, path: path) {
        tasks[try row.text("key")] = try row.bytes("payload")
      }
      return tasks
    }
  }
}

extension Run {
  /// The values in the order of the table's columns.
  fileprivate var values: [(any DatabaseValueConvertible)?] {
    [
      name, kind, state.rawValue, reason, started.timeIntervalSince1970, ended?.timeIntervalSince1970, data, dataDigest,
      definition, version, process,
    ]
  }

  fileprivate init(_ row: RecordRow) throws(RunError) {
    let name = try row.text("name")
    guard Self.isName(name) else { throw row.damage("has a name that is not a valid folder name") }
    self.init(
      name: name, kind: try row.text("kind"), data: try row.text("data"), dataDigest: try row.text("dataDigest"),
      definition: try row.text("definition"), version: try row.text("version"),
      started: Date(timeIntervalSince1970: try row.real("started")))
    guard let state = State(rawValue: try row.text("state")), state != .damaged else {
      throw row.damage("has an unknown state")
    }
    self.state = state
    reason = try row.optionalText("reason")
    ended = (try row.optionalReal("ended")).map { Date(timeIntervalSince1970: $0) }
    process = try row.text("process")
    guard [started, ended ?? started].allSatisfy({ abs($0.timeIntervalSince1970) < 1e11 }) else {
      throw row.damage("has an invalid time")
    }
  }

  /// Creates a damaged run from the readable values of an invalid row.
  fileprivate init(damaged row: RecordRow, reason: String) {
    self.init(
      name: (try? row.text("name")) ?? "", kind: (try? row.text("kind")) ?? "", data: "", dataDigest: "",
      definition: "", version: "", started: Date(timeIntervalSince1970: 0))
    (state, self.reason) = (.damaged, reason)
  }

  /// Whether a name is a valid name of a folder within the folder of runs.
  package static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix(".") && !name.contains("/")
      && !name.hasControlCharacters
  }
}

/// The reason why a run or the record of runs cannot be used, and what to do about it.
package struct RunError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The record cannot be read or written.
    case unusable
    /// There is no such record, or no such run.
    case missing
    /// The user has named several runs, or a run that does not support the operation.
    case wrongUse
    /// The record or a run's folder was changed outside of Atelier, or does not come from it.
    case damaged
    /// Another process is using the run.
    case busy
    /// A file cannot be created in the run's folder.
    case notCreated
  }

  package let description: String
  package let kind: Kind

  package init(_ description: String, kind: Kind = .unusable) { (self.description, self.kind) = (description, kind) }

  init(_ error: any Error, path: String) {
    guard let database = error as? DatabaseError else {
      self = error as? RunError ?? RunError("\(path): \(error)")
      return
    }
    let isDamaged = [.SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_TOOBIG, .SQLITE_FORMAT].contains(database.resultCode)
    let reason =
      switch database.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_TOOBIG, .SQLITE_FORMAT:
        "is not a record of runs, or is damaged; move it away to start a new one"
      case .SQLITE_BUSY: "is locked by another process; wait until it ends, or stop it"
      case .SQLITE_READONLY, .SQLITE_CANTOPEN: "cannot be written; check the folder and its permissions"
      case .SQLITE_FULL: "cannot grow: the disk is full"
      default: "cannot be used: \(database.message ?? "SQLite error \(database.resultCode.rawValue)")"
      }
    (description, kind) = ("\(path) \(reason)", isDamaged ? .damaged : .unusable)
  }
}
