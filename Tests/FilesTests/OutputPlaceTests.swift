import Files
import Foundation
import Testing

/// Destinations that are replaced, and destinations that are written to directly.
@Suite struct OutputPlaceTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func doesNotReplaceDescriptorsDevicesAndPipes() throws {
    for path in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/\(getpid())/fd/1", "/dev/../dev/stdout"] {
      #expect(OutputPlace(path) == .descriptor(1), "\(path)")
    }
    #expect(OutputPlace("/proc/1/fd/1") == .special("/proc/1/fd/1"), "a descriptor of another process")
    #expect(OutputPlace("/dev/null") == .special("/dev/null"))
    try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(OutputPlace(folder.file("pipe")) == .special(folder.file("pipe")))
    for (link, target) in [("to-stdout", "/dev/stdout"), ("to-pipe", "pipe"), ("to-file", "file")] {
      try FileManager.default.createSymbolicLink(atPath: folder.file(link), withDestinationPath: target)
    }
    #expect(OutputPlace(folder.file("to-stdout")) == .descriptor(1))
    #expect(OutputPlace(folder.file("to-pipe")) == .special(folder.file("pipe")))
    #expect(OutputPlace(folder.file("to-file")) == .file(folder.file("file")))
    #expect(OutputPlace(folder.file("new")) == .file(folder.file("new")))
    #expect(OutputPlace("new") == .file("new") && OutputPlace("1") == .file("1"))
  }

  /// Like a log that a shell opens with `>>`: earlier content stays, and later output follows.
  @Test func writesAtPositionOfDescriptor() throws {
    try folder.write(Array("old\n".utf8), to: "log")
    let file = open(folder.file("log"), O_WRONLY | O_APPEND)
    try #require(file >= 0)
    defer { close(file) }
    for (text, path) in [("one\n", "/dev/fd/\(file)"), ("two\n", "/proc/self/fd/\(file)")] {
      try FileReplacement.check(path)
      try FileReplacement.write([Array(text.utf8)], to: path)
    }
    #expect(write(file, "three\n", 6) == 6)
    #expect(try String(contentsOfFile: folder.file("log"), encoding: .utf8) == "old\none\ntwo\nthree\n")
    #expect(folder.names == ["log"])
  }

  @Test func checkRejectsDescriptorForReading() throws {
    let file = open("/dev/null", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    #expect(throws: FileError.self) { try FileReplacement.check("/dev/fd/\(file)") }
    #expect(throws: FileError.self) { try FileReplacement.check("/dev/fd/999") }
  }
}

/// Partial files of crashed writers are removed.
@Suite struct PartialFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func nextWriterRemovesAbandonedFiles() throws {
    for name in ["a.123-4.partial", "b.99999999-1.partial", "c.partial", "d.1-2-3.partial", "e.x-1.partial"] {
      try folder.write([1], to: name)
    }
    // A file that is being written, whose writer holds a lock.
    let living = open(folder.file("a.5-6.partial"), O_RDWR | O_CREAT, 0o600)
    try #require(living >= 0 && flock(living, LOCK_EX) == 0)
    defer { close(living) }
    try FileManager.default.createSymbolicLink(atPath: folder.file("f.1-1.partial"), withDestinationPath: "c.partial")
    try FileReplacement.write([[1, 2]], to: folder.file("new"))
    #expect(
      folder.names == ["a.5-6.partial", "c.partial", "d.1-2-3.partial", "e.x-1.partial", "f.1-1.partial", "new"])
  }

  @Test func leavesExistingFilesUnchanged() throws {
    let foreign = try (1...200).map { try folder.write([9], to: "m.\(getpid())-\($0).partial") }
    let locks = foreign.map { path in
      let file = open(path, O_RDWR)
      _ = flock(file, LOCK_EX)
      return file
    }
    defer { for lock in locks { close(lock) } }
    try FileReplacement.write([[1, 2]], to: folder.file("m"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("m"))) == Data([1, 2]))
    #expect(folder.names.count == 201)
  }
}
