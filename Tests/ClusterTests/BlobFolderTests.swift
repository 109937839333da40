import Cluster
import Compute
import Coordination
import Files
import Foundation
import Models
import Synchronization
import Testing

/// Tests that local workers read what a coordinator writes to its folder, and that other content is harmless.
struct BlobFolderTests {
  private let temporary: TemporaryFolder
  private var folder: BlobFolder
  private let reader: BlobCache

  init() throws {
    temporary = try TemporaryFolder()
    folder = BlobFolder(path: temporary.path)
    reader = BlobCache(coordinatorFolder: temporary.path)
  }

  private func path(_ name: SHA256) -> String { "\(temporary.path)/\(name)" }

  private var names: Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: temporary.path)) ?? [])
  }

  private func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  // MARK: Writing

  @Test mutating func workersReadWhatCoordinatorWrites() throws {
    let model = try BlobSamples.model()
    try folder.add(.images(BlobSamples.images()), name: BlobSamples.name(0))
    try folder.add(.model(model.saved, model.classifier), name: BlobSamples.name(1))
    try folder.add(.checkpoint(BlobSamples.checkpoint(count: 100_000)), name: BlobSamples.name(2))
    try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(3))
    #expect(reader.load(BlobSamples.name(0)) == BlobSamples.bytes(of: BlobSamples.images()))
    #expect(reader.load(BlobSamples.name(1)) == model.saved.file.bytes)
    #expect(reader.load(BlobSamples.name(2)) == BlobSamples.bytes(of: BlobSamples.checkpoint(count: 100_000)))
    #expect(reader.load(BlobSamples.name(3)) == BlobSamples.groupsBytes)
    #expect(reader.load(BlobSamples.name(4)) == nil)
  }

  @Test mutating func filesAreReadableOnlyByTheirUser() throws {
    try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(0))
    let attributes = try FileManager.default.attributesOfItem(atPath: path(BlobSamples.name(0)))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test mutating func keepsLatestFilesOfEachKind() throws {
    for number in 0..<3 { try folder.add(.images(BlobSamples.images(number)), name: BlobSamples.name(number)) }
    for number in 10..<16 { try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(number)) }
    for number in 20..<26 {
      try folder.add(.checkpoint(BlobSamples.checkpoint(number)), name: BlobSamples.name(number))
    }
    #expect(names == Set([1, 2, 12, 13, 14, 15, 22, 23, 24, 25].map { "\(BlobSamples.name($0))" }))
  }

  /// A reader gets a complete file, or nothing if the file was one of the oldest.
  @Test mutating func concurrentReadersSeeCompleteFiles() throws {
    let reader = reader
    let isDone = Mutex(false)
    let (left, added, read, damaged) = (Counter(4), Counter(0), Counter(0), Counter(0))
    @Sendable func blob(_ number: Int) -> [Tensor] { BlobSamples.checkpoint(number, count: 3_000) }
    for _ in 0..<4 {
      Thread {
        var number = 0
        while !isDone.withLock({ $0 }) {
          let newest = added.value
          guard newest > 0 else { continue }
          number = max(number + 1, newest - 4) % newest
          if let bytes = reader.load(BlobSamples.name(number)) {
            read.add(1)
            if bytes != BlobSamples.bytes(of: blob(number)) { damaged.add(1) }
          }
        }
        left.add(-1)
      }.start()
    }
    var number = 0
    // Continue until enough files were read.
    while number < 60 || read.value < 100 {
      try folder.add(.checkpoint(blob(number)), name: BlobSamples.name(number))
      number += 1
      added.add(1)
    }
    isDone.withLock { $0 = true }
    while left.value > 0 { usleep(100) }
    #expect(damaged.value == 0)
  }

  // MARK: Obstacles

  @Test mutating func refusesExistingName() throws {
    try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(0))
    let error = #expect(throws: FileError.self) {
      try folder.add(.images(BlobSamples.images()), name: BlobSamples.name(0))
    }
    #expect(error == .notCreated(path: path(BlobSamples.name(0)), reason: "File exists"))
    #expect(reader.load(BlobSamples.name(0)) == BlobSamples.groupsBytes, "the first file is unchanged")
  }

  /// A link must not redirect the coordinator's writes, whether its target exists or not.
  @Test mutating func linksAreNotFollowedWhenWriting() throws {
    let other = try TemporaryFolder()
    for (number, name) in ["there", "missing"].enumerated() {
      let target = "\(other.path)/\(name)"
      if number == 0 { try write([1, 2, 3], to: target) }
      try FileManager.default.createSymbolicLink(
        atPath: path(BlobSamples.name(number)), withDestinationPath: target)
      let error = #expect(throws: FileError.self) {
        try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(number))
      }
      #expect(error == .notCreated(path: path(BlobSamples.name(number)), reason: "File exists"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.path) == ["there"])
    #expect(FileManager.default.contents(atPath: "\(other.path)/there") == Data([1, 2, 3]))
  }

  @Test func missingFolderIsAnError() throws {
    try write([], to: "\(temporary.path)/file")
    for (name, reason) in [("none", "No such file or directory"), ("file", "Not a directory")] {
      var folder = BlobFolder(path: "\(temporary.path)/\(name)")
      let error = #expect(throws: FileError.self) {
        try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(0))
      }
      #expect(error == .notCreated(path: "\(temporary.path)/\(name)/\(BlobSamples.name(0))", reason: reason))
    }
  }

  @Test(.enabled(if: SmallDisk.obstacle == nil, SmallDisk.obstacle)) func fullDiskIsAnErrorAndLeavesNoFile() throws {
    let disk = try SmallDisk()
    var folder = BlobFolder(path: disk.path)
    let large = BlobSamples.checkpoint(count: 100_000)
    let error = #expect(throws: FileError.self) { try folder.add(.checkpoint(large), name: BlobSamples.name(0)) }
    guard case .notWritten(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("No space left on device") && reason.contains("TMPDIR"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    // A smaller file fits, and is complete.
    try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(1))
    #expect(BlobCache(coordinatorFolder: disk.path).load(BlobSamples.name(1)) == BlobSamples.groupsBytes)
  }

  @Test(.enabled(if: SmallDisk.obstacle == nil, SmallDisk.obstacle)) func readOnlyFolderIsAnError() throws {
    let disk = try SmallDisk(isWritable: false)
    var folder = BlobFolder(path: disk.path)
    let error = #expect(throws: FileError.self) {
      try folder.add(.groups(BlobSamples.groups), name: BlobSamples.name(0))
    }
    #expect(
      error == .notCreated(path: "\(disk.path)/\(BlobSamples.name(0))", reason: "Read-only file system"))
  }

  // MARK: Loading into the store

  @Test mutating func truncatedFileIsReportedToWaitingThreads() throws {
    let name = BlobSamples.name(0)
    try folder.add(.images(BlobSamples.images()), name: name)
    let whole = try #require(reader.load(name))
    for count in [0, 1, 8, whole.count / 2, whole.count - 1] {
      #expect(truncate(path(name), off_t(count)) == 0)
      let store = BlobStore()
      let error = #expect(throws: FileError.self) {
        try store.images(name) {
          if let bytes = reader.load(name) { store.add(file: bytes, name: name) }
          return false
        }
      }
      #expect("\(try #require(error))".contains("is not a file that Atelier can use"), "\(count) bytes")
      try write(whole, to: path(name))
    }
  }
}
