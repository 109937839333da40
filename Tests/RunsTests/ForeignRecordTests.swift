import Foundation
import GRDB
import Runs
import Testing

/// A record that was changed outside of Atelier, or crafted to harm its reader, is refused with an error that names the
/// row; it never causes a crash or a wrong result.
@Suite final class ForeignRecordTests {
  private let folder = NSTemporaryDirectory() + "atelier-foreign-\(UUID().uuidString)"
  private var path: String { folder + "/" + RunRecord.fileName }

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let record = try RunRecord(folder: folder)
    for name in ["a", "b"] {
      try record.begin(Run(name: name, kind: "train", data: "d", dataDigest: "ab", definition: "x", version: "1"))
    }
    try record.end("a", .failed, reason: "why")
    try record.add(
      RunModel(
        kind: "tree", settings: ["max-depth": "3"], accuracy: 0.5, digest: "cd", path: "m", fitSeconds: 1,
        testSeconds: 0.5, testImages: 10, peakBytes: 1 << 20), to: "a")
    try record.keep([("x", [1, 2])], of: "a")
    try record.keep([RunMetric(model: "cnn", name: "loss", step: 1, value: 0.5)], of: "a")
    try record.keep(["first"], as: "list", of: "a")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Changes the database like another program.
  private func change(_ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: path, configuration: configuration).write { try $0.execute(sql: sql) }
  }

  /// The entire content of a record as text.
  private func readAll(_ record: RunRecord) throws -> String {
    let runs = try record.runs()
    let damaged = runs.filter { $0.state == .damaged }
    guard damaged.isEmpty else { throw RunError(damaged[0].reason ?? "", kind: .damaged) }
    let parts = try runs.map { run in
      """
      \(run) \(try record.models(of: run.name)) \(try record.tasks(of: run.name).sorted { $0.key < $1.key }) \
      \(try record.metrics(of: run.name)) \(try record.document([String].self, as: "list", of: run.name) ?? [])
      """
    }
    return parts.joined(separator: "\n")
  }

  private func refusal(_ access: RunRecord.Access = .reading) -> RunError? {
    do {
      _ = try readAll(RunRecord(folder: folder, for: access))
      return nil
    } catch { return error as? RunError }
  }

  /// Changes each column to another value of its type, and to values of other types.
  @Test(arguments: [
    ("run", "name kind state reason data dataDigest definition version process digest", "started ended"),
    ("model", "path kind settings modelDigest digest", "accuracy fitSeconds testSeconds testImages peakBytes"),
    ("task", "key digest", ""), ("metric", "model name digest", "step value"), ("document", "name json digest", ""),
  ]) func refusesEachChangedColumn(table: String, texts: String, numbers: String) throws {
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let changes =
      texts.split(separator: " ").flatMap { ["\($0) = \($0) || 'x'", "\($0) = x'00ff'", "\($0) = ''"] }
      + numbers.split(separator: " ").flatMap { ["\($0) = \($0) + 1", "\($0) = 'x'", "\($0) = x'01'"] }
      + (table == "task" ? ["payload = x'0103'", "payload = 'text'", "payload = 7"] : [])
    for change in changes {
      try Data(original).write(to: URL(fileURLWithPath: path))
      for ending in ["-wal", "-shm"] { unlink(path + ending) }
      // A renamed document is never read.
      let isName = table == "document" && change.hasPrefix("name")
      try self.change("UPDATE \(table) SET \(change) WHERE \(table == "run" ? "name" : "run") = 'a'")
      let error = refusal()
      #expect(isName || error?.kind == .damaged, "\(change): \(String(describing: error))")
      #expect(isName || error?.description.contains("table \(table)") == true, "\(change): \(error!)")
    }
  }

  @Test func refusesRowsOfAnotherRun() throws {
    for table in ["model", "task", "metric", "document"] {
      try change("UPDATE \(table) SET run = 'b'")
      #expect(refusal()?.description.contains("the row of table \(table) with run b") == true)
      try change("DELETE FROM \(table)")
    }
  }

  @Test func removesDamagedRunAndKeepsOthers() throws {
    try change("UPDATE run SET definition = 'y' WHERE name = 'a'")
    let record = try RunRecord(folder: folder)
    #expect(try record.runs().map(\.state) == [.running, .damaged])
    let error = #expect(throws: RunError.self) { try record.resume("a") }
    #expect(error?.kind == .damaged)
    #expect(try record.remove("a"))
    #expect(try record.runs().map(\.name) == ["b"])
  }

  /// The digests are valid, since the author of a crafted file can compute them.
  @Test(arguments: [
    "../../victim", "/etc", "..", ".", "", ".hidden", "a/b", "a\u{1B}[2J", String(repeating: "n", count: 300),
  ])
  func runWithInvalidNameIsDamaged(name: String) throws {
    let record = try RunRecord(folder: folder)
    try record.begin(Run(name: name, kind: "train", data: "d", dataDigest: "ab", definition: "x", version: "1"))
    let run = try #require(try record.runs().first { $0.name == name })
    #expect(run.state == .damaged && run.reason?.contains("has a name that is not a valid folder name") == true)
    #expect(!Run.isName(name))
  }

  @Test(arguments: [
    "CREATE TRIGGER t AFTER UPDATE ON run BEGIN DELETE FROM task; END",
    "CREATE VIEW v AS SELECT * FROM run", "CREATE TABLE more (x)", "CREATE INDEX i ON run (kind)", "DROP TABLE metric",
    "ALTER TABLE run ADD COLUMN more TEXT", "DROP TABLE task; CREATE VIEW task AS SELECT 'a' AS run, 1 AS key",
    "PRAGMA application_id = 7", "PRAGMA user_version = 2",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BLOB', 'TEXT')",
  ]) func refusesDatabaseWithOtherSchema(sql: String) throws {
    try change(sql)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for access in [RunRecord.Access.reading, .writing] {
      #expect(refusal(access)?.kind == .damaged, "\(sql)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes, "nothing is written to it")
  }

  @Test(arguments: ["", "-wal", "-shm", "-journal"]) func linksAreNotFollowed(ending: String) throws {
    let victim = folder + "/victim"
    try? FileManager.default.removeItem(atPath: path + ending)
    try FileManager.default.createSymbolicLink(atPath: path + ending, withDestinationPath: victim)
    for access in [RunRecord.Access.reading, .writing] {
      let error = refusal(access)
      #expect(error?.kind == .damaged && error?.description.contains("not a regular file") == true, "\(error!)")
    }
    #expect(access(victim, F_OK) != 0)
  }

  /// SQLite would remove the file named by such a journal.
  @Test func refusesJournalOfSeveralDatabases() throws {
    let mark: [UInt8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
    try Data([UInt8](repeating: 1, count: 600) + mark).write(to: URL(fileURLWithPath: path + "-journal"))
    #expect(refusal()?.description.contains("a journal of several databases") == true)
  }

  /// Flips each bit of the database's header and some bits of its pages. The record is refused, is unchanged, or has
  /// lost rows, which will be computed again.
  @Test func flippedBitsNeverChangeValues() throws {
    let original = try readAll(RunRecord(folder: folder))
    let known = Set(original.split(separator: "\n"))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let used = bytes.indices.filter { bytes[$0] != 0 && $0 % 3 == 0 }
    for bit in Array(0..<800) + used.flatMap({ [8 * $0 + $0 % 8] }) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      for ending in ["-wal", "-shm"] { unlink(path + ending) }
      try Data(flipped).write(to: URL(fileURLWithPath: path))
      do {
        let found = try readAll(RunRecord(folder: folder, for: .reading))
        if found != original { #expect(isPart(found, of: known), "bit \(bit): \(found)") }
      } catch let error as RunError {
        #expect([.damaged, .unusable, .missing].contains(error.kind), "bit \(bit): \(error)")
      }
    }
  }

  /// Returns whether each run found is a known one, possibly without some of its rows.
  private func isPart(_ found: String, of known: Set<Substring>) -> Bool {
    found.split(separator: "\n").allSatisfy { line in
      known.contains { $0.prefix { $0 != ")" } == line.prefix { $0 != ")" } }
    }
  }

  // MARK: Reading without write permission

  /// Root can write everywhere; the tests of the commands cover `runs` on a read-only disk.
  @Test(.enabled(if: getuid() != 0)) func readsRecordWithoutWritePermission() throws {
    let original = try readAll(RunRecord(folder: folder))
    chmod(path, 0o400)
    chmod(folder, 0o500)
    defer { chmod(folder, 0o700) }
    #expect(try readAll(RunRecord(folder: folder, for: .reading)) == original)
  }

  @Test func readingChangesNothing() throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let record = try RunRecord(folder: folder, for: .reading)
    _ = try readAll(record)
    #expect(throws: RunError.self) { try record.end("a", .finished) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }
}
