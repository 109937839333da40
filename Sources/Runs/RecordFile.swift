internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// The database file of a record. The file may come from an untrusted source: before any row is read, it is checked to
/// be a regular file with exactly the tables of this version, without triggers or views.
struct RecordFile: Sendable {
  private let database: any DatabaseReader
  private let writer: DatabasePool?
  /// The folder of a temporary copy, for a record that cannot be opened in place; the owner of this value removes it.
  let copy: String?

  /// Identifies Atelier's records among SQLite files: "Atel".
  private static let applicationID: Int32 = 0x4174_656C
  /// The version of the tables.
  private static let version: Int32 = 1
  /// The maximum size of a text or blob, in bytes.
  private static let longestValue: Int32 = 256 << 20

  /// - Throws: ``RunError``; errors of GRDB
  init(path: String, isWritable: Bool) throws {
    try Self.checkFiles(path)
    if isWritable {
      copy = nil
      // Opening a pool changes the journal mode of the file, so a file that is not a record is refused before.
      if FileManager.default.fileExists(atPath: path) {
        let queue = try DatabaseQueue(path: path, configuration: Self.configuration(isReadOnly: true))
        _ = try queue.read { try Self.check($0, path: path) }
      }
      let pool = try DatabasePool(path: path, configuration: Self.configuration(isReadOnly: false))
      try pool.write { database in
        if try Self.check(database, path: path) { return }
        for table in RecordTable.all { try database.execute(sql: table.creation) }
        try database.execute(
          sql: "PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = \(Self.version)")
      }
      (writer, database) = (pool, pool)
      return
    }
    writer = nil
    var copy: String?
    let queue: DatabaseQueue
    do {
      queue = try Self.open(path)
    } catch let error as DatabaseError where error.isAboutWriting {
      // SQLite reads a write-ahead log only if its index exists or can be created.
      let place = try Self.copy(path)
      do { queue = try Self.open("\(place)/\(RunRecord.fileName)") } catch {
        try? FileManager.default.removeItem(atPath: place)
        throw error
      }
      copy = place
    }
    do {
      guard try queue.read({ try Self.check($0, path: path) }) else {
        throw RunError("\(path) is empty: no run has been recorded", kind: .missing)
      }
    } catch {
      if let copy { try? FileManager.default.removeItem(atPath: copy) }
      throw error
    }
    (database, self.copy) = (queue, copy)
  }

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value { try database.read(body) }

  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    guard let writer else { throw RunError("the record of runs is open read-only") }
    return try writer.write(body)
  }

  // MARK: Opening

  private static func configuration(isReadOnly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.label = "runs"
    configuration.readonly = isReadOnly
    configuration.prepareDatabase { database in
      sqlite3_limit(database.sqliteConnection, SQLITE_LIMIT_LENGTH, longestValue)
      try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    }
    return configuration
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: configuration(isReadOnly: true))
    // The first query reads the file.
    _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
    return queue
  }

  /// Copies the file and its write-ahead log to a temporary folder, and returns that folder.
  private static func copy(_ path: String) throws -> String {
    var folder = Array("\(NSTemporaryDirectory())/atelier-record-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else {
      throw RunError("\(path) cannot be read in place, and no temporary folder for a copy can be created; set TMPDIR")
    }
    let place = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for ending in ["", "-wal"] where FileManager.default.fileExists(atPath: path + ending) {
      try FileManager.default.copyItem(atPath: path + ending, toPath: "\(place)/\(RunRecord.fileName)\(ending)")
      chmod("\(place)/\(RunRecord.fileName)\(ending)", 0o600)
    }
    return place
  }

  // MARK: Checks

  /// Refuses links, which SQLite would follow, and journals with the name of a super-journal, a file that SQLite would
  /// remove. A record has neither.
  private static func checkFiles(_ path: String) throws(RunError) {
    for ending in ["", "-wal", "-shm", "-journal"] {
      var status = stat()
      guard lstat(path + ending, &status) == 0 else { continue }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw RunError("\(path + ending) is not a regular file: remove or rename it", kind: .damaged)
      }
      if ending == "-journal", namesOtherFiles(path + ending) {
        throw RunError(
          """
          \(path + ending) is a journal of several databases, which a record never has: move it away together \
          with \(path)
          """,
          kind: .damaged)
      }
    }
  }

  /// Whether a journal ends with the magic number that follows a super-journal's name
  /// (<https://www.sqlite.org/fileformat2.html>).
  private static func namesOtherFiles(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd(), end >= 8,
      (try? file.seek(toOffset: end - 8)) != nil, let mark = try? file.readToEnd()
    else { return false }
    return Array(mark) == [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
  }

  /// Checks the schema.
  /// - Returns: false if there are no tables yet
  /// - Throws: ``RunError`` if the schema is not that of this version
  private static func check(_ database: Database, path: String) throws -> Bool {
    let entries = try Row.fetchAll(
      database, sql: "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL OR type <> 'index'"
    ).map { row -> [String] in row.databaseValues.map { String.fromDatabaseValue($0) ?? "\($0)" } }
    let number = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let version = try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    if entries.isEmpty, number == 0 { return false }
    if number == applicationID, version != Self.version {
      throw RunError(
        "\(path) has format \(version), but this version of Atelier reads \(Self.version): use the one that wrote it",
        kind: .damaged)
    }
    let expected = RecordTable.all.map { ["table", $0.name, $0.creation] }
    let foreign = entries.first { !expected.contains($0) }
    guard number == applicationID, foreign == nil, entries.count == expected.count else {
      let found = foreign.map { ": it has the \($0[0]) \($0[1])" } ?? ""
      throw RunError(
        "\(path) is not a record of runs written by this version of Atelier\(found); move it away to start a new one",
        kind: .damaged)
    }
    return true
  }
}

extension DatabaseError {
  /// Whether SQLite failed because it cannot write.
  fileprivate var isAboutWriting: Bool {
    [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(resultCode)
  }
}
