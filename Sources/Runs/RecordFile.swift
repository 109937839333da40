internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// The database file of a record, opened so that a file of somebody else can do no harm: before anything is read, the
/// file is checked to be a regular file with exactly the tables of this version, without triggers or views.
struct RecordFile: Sendable {
  private let database: any DatabaseReader
  private let writer: DatabasePool?
  /// Where a copy is, of a record that cannot be opened in its own folder; it goes with this value's owner.
  let copy: String?

  /// Told from other SQLite files: "Atel".
  private static let applicationID: Int32 = 0x4174_656C
  /// Of the tables.
  private static let version: Int32 = 1
  /// No text or blob is longer, in bytes.
  private static let longestValue: Int32 = 256 << 20

  /// - Throws: ``RunError``, errors of GRDB
  init(path: String, isWritable: Bool) throws {
    try Self.checkFiles(path)
    if isWritable {
      copy = nil
      // The pool would change the file's journal at once: what is no record stays as it is.
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
      // A log of changes can only be read where its index can be written, or is there already.
      let place = try Self.copy(path)
      do { queue = try Self.open("\(place)/\(RunRecord.fileName)") } catch {
        try? FileManager.default.removeItem(atPath: place)
        throw error
      }
      copy = place
    }
    do {
      guard try queue.read({ try Self.check($0, path: path) }) else {
        throw RunError("\(path) is empty: no run was recorded", kind: .missing)
      }
    } catch {
      if let copy { try? FileManager.default.removeItem(atPath: copy) }
      throw error
    }
    (database, self.copy) = (queue, copy)
  }

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value { try database.read(body) }

  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    guard let writer else { throw RunError("the record of runs is open for reading only") }
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
    // Only now the file is looked at.
    _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
    return queue
  }

  /// A copy of the file and its log of changes, in a folder of temporary files.
  private static func copy(_ path: String) throws -> String {
    var folder = Array("\(NSTemporaryDirectory())/atelier-record-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else {
      throw RunError("\(path) cannot be read without a copy, and TMPDIR has no room for one")
    }
    let place = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for ending in ["", "-wal"] where FileManager.default.fileExists(atPath: path + ending) {
      try FileManager.default.copyItem(atPath: path + ending, toPath: "\(place)/\(RunRecord.fileName)\(ending)")
      chmod("\(place)/\(RunRecord.fileName)\(ending)", 0o600)
    }
    return place
  }

  // MARK: Checks

  /// SQLite follows links, and removes any file that a journal names as the journal of several databases: a record has
  /// neither.
  private static func checkFiles(_ path: String) throws(RunError) {
    for ending in ["", "-wal", "-shm", "-journal"] {
      var status = stat()
      guard lstat(path + ending, &status) == 0 else { continue }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw RunError("\(path + ending) is not a regular file: remove it, or move it away", kind: .damaged)
      }
      if ending == "-journal", namesOtherFiles(path + ending) {
        throw RunError(
          """
          \(path + ending) is a journal of several databases, which a record never has: move it away, and \
          \(path) with it
          """,
          kind: .damaged)
      }
    }
  }

  /// Whether a journal ends with the mark behind a super-journal's name (<https://www.sqlite.org/fileformat2.html>).
  private static func namesOtherFiles(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd(), end >= 8,
      (try? file.seek(toOffset: end - 8)) != nil, let mark = try? file.readToEnd()
    else { return false }
    return Array(mark) == [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
  }

  /// - Returns: false if there are no tables yet
  /// - Throws: ``RunError`` if there is anything but the tables of this version
  private static func check(_ database: Database, path: String) throws -> Bool {
    let entries = try Row.fetchAll(
      database, sql: "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL OR type <> 'index'"
    ).map { row -> [String] in row.databaseValues.map { String.fromDatabaseValue($0) ?? "\($0)" } }
    let number = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let version = try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    if entries.isEmpty, number == 0 { return false }
    if number == applicationID, version != Self.version {
      throw RunError(
        "\(path) has format \(version), and this version of Atelier reads \(Self.version): use the one that wrote it",
        kind: .damaged)
    }
    let expected = RecordTable.all.map { ["table", $0.name, $0.creation] }
    let foreign = entries.first { !expected.contains($0) }
    guard number == applicationID, foreign == nil, entries.count == expected.count else {
      let found = foreign.map { ": it has the \($0[0]) \($0[1])" } ?? ""
      throw RunError(
        "\(path) is no record of runs that this version of Atelier wrote\(found); move it away, and a new one is made",
        kind: .damaged)
    }
    return true
  }
}

extension DatabaseError {
  /// Whether something would have to be written.
  fileprivate var isAboutWriting: Bool {
    [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(resultCode)
  }
}
