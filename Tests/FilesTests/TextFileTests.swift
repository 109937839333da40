import Files
import Foundation
import Testing

@Suite struct TextFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func readsPipeToItsEnd() throws {
    let path = folder.file("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    let text = String(repeating: "line ä\n", count: 20_000)
    // A thread of its own: a task may wait for the one that waits for it.
    Thread.detachNewThread {
      let file = open(path, O_WRONLY)
      defer { close(file) }
      try? FileTransfer.write(Array(text.utf8), to: file)
    }
    #expect(try TextFile.read(path) == text)
  }

  @Test func errorsSayTheReason() throws {
    #expect(throws: FileError.unreadable(path: folder.path, reason: "Is a directory")) {
      try TextFile.read(folder.path)
    }
    #expect(throws: FileError.unreadable(path: "/nonexistent/a", reason: "No such file or directory")) {
      try TextFile.read("/nonexistent/a")
    }
    let latin = try folder.write([0xE9], to: "latin")
    #expect(throws: FileError.damaged(path: latin, reason: "it is not UTF-8 text")) { try TextFile.read(latin) }
    #expect(throws: FileError.damaged(path: "/dev/zero", reason: "it is longer than 64 MiB")) {
      try TextFile.read("/dev/zero")
    }
  }
}
