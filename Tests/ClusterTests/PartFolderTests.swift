import Cluster
import Foundation
import Testing

/// Tests that completed parts are found again, and that damaged parts are reported as missing.
struct PartFolderTests {
  private let folder: TemporaryFolder
  private let parts: PartFolder

  init() throws {
    folder = try TemporaryFolder()
    parts = try PartFolder(path: folder.path + "/a.parts", owner: "a forest")
  }

  private func write(_ tasks: Range<Int>) throws {
    try Array("tasks \(tasks)".utf8).withUnsafeBytes { try parts.write($0, tasks: tasks) }
  }

  private func read(
    of count: Int, from parts: PartFolder? = nil, reportDamage: (String) -> Void = { _ in }
  ) throws -> (found: [Range<Int>], missing: [Range<Int>]) {
    var found: [Range<Int>] = []
    let missing = try (parts ?? self.parts).read(of: count, reportDamage: reportDamage) { bytes, tasks in
      #expect(Array(bytes) == Array("tasks \(tasks)".utf8))
      found.append(tasks)
    }
    return (found, missing)
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path + "/a.parts") }
  }

  @Test func findsPartsAndReportsMissingRanges() throws {
    for tasks in [10..<20, 0..<5, 20..<21] { try write(tasks) }
    let (found, missing) = try read(of: 30)
    #expect(found == [0..<5, 10..<20, 20..<21] && missing == [5..<10, 21..<30])
    #expect(try read(of: 21).missing == [5..<10])
  }

  @Test func emptyFolderLacksAllTasks() throws {
    #expect(try read(of: 3).missing == [0..<3])
    #expect(try read(of: 0).missing.isEmpty)
  }

  @Test func damagedPartIsMissing() throws {
    for tasks in [0..<5, 5..<9] { try write(tasks) }
    let name = try #require(try names.first { $0.hasPrefix("5-9-") })
    try Data("tasks 5..<8".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/a.parts/\(name)"))
    #expect(try read(of: 9).missing == [5..<9])
  }

  @Test func detectsEveryFlippedBitOfPartAndName() throws {
    try write(0..<5)
    let name = try #require(try names.first)
    let path = "\(folder.path)/a.parts/\(name)"
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for bit in 0..<8 * bytes.count {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      try Data(flipped).write(to: URL(fileURLWithPath: path))
      #expect(try read(of: 9).missing == [0..<9], "bit \(bit)")
    }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    for place in name.utf8.indices {
      for bit in 0..<8 {
        var letters = Array(name.utf8)
        letters[name.utf8.distance(from: name.utf8.startIndex, to: place)] ^= 1 << UInt8(bit)
        guard let other = String(validating: letters, as: UTF8.self), !other.contains("/"), !other.contains("\0")
        else { continue }
        try FileManager.default.moveItem(atPath: path, toPath: "\(folder.path)/a.parts/\(other)")
        #expect(try read(of: 9).missing == [0..<9], "\(other)")
        try FileManager.default.moveItem(atPath: "\(folder.path)/a.parts/\(other)", toPath: path)
      }
    }
    #expect(try read(of: 9).missing == [5..<9])
  }

  @Test func partOfAnotherJobIsReportedAndMissing() throws {
    try write(0..<5)
    var reported: [String] = []
    let others = try PartFolder(path: folder.path + "/a.parts", owner: "another forest")
    #expect(try read(of: 5, from: others, reportDamage: { reported.append($0) }).missing == [0..<5])
    #expect(try reported == ["\(folder.path)/a.parts/\(names[0])"])
  }

  /// Two runs may have divided the tasks differently.
  @Test func overlappingPartsCountOnce() throws {
    for tasks in [0..<6, 4..<8, 6..<8] { try write(tasks) }
    let (found, missing) = try read(of: 8)
    #expect(found == [0..<6, 6..<8] && missing.isEmpty)
  }

  @Test func otherFilesAreUnchanged() throws {
    for name in ["settings.json", "0-5.part", "5-0-ab.part", "x-y-z.part", "-1-5-ab.part"] {
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/a.parts/\(name)"))
    }
    #expect(try read(of: 5).missing == [0..<5])
    #expect(try names.count == 5)
  }
}
