import Compute
import Files
import Foundation
import Synchronization
import Testing

@Suite struct FileReplacementTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Every write is atomic and the last one remains, even when threads write to the same path.
  @Test func concurrentWritesAreAtomic() throws {
    let path = folder.file("a")
    let failures = Mutex<[String]>([])
    ThreadTeam(threads: 8).run { thread in
      let piece = [UInt8](repeating: UInt8(thread), count: 100)
      for _ in 0..<200 {
        do {
          try FileReplacement.write([piece, piece], to: path, isFlushed: false)
          let found = try Data(contentsOf: URL(fileURLWithPath: path))
          if found.count != 200 || Set(found).count != 1 { failures.withLock { $0.append("\(found)") } }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(folder.names == ["a"], "nothing else is left in the folder")
  }

  @Test func checkReportsWhyFileCannotBeCreated() throws {
    try folder.write([], to: "plain")
    let below = folder.file("plain/below")
    #expect(throws: FileError.notCreated(path: below, reason: "Not a directory")) { try FileReplacement.check(below) }
    let missing = folder.file("missing/a")
    #expect(throws: FileError.notCreated(path: missing, reason: "No such file or directory")) {
      try FileReplacement.check(missing)
    }
    #expect(throws: FileError.notCreated(path: folder.path, reason: "it is a folder; give the path of a file")) {
      try FileReplacement.check(folder.path)
    }
    try FileReplacement.check(folder.file("new"))
    #expect(folder.names == ["plain"], "the check leaves nothing behind")
  }
}
