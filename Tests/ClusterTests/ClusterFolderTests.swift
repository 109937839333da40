import Cluster
import Foundation
import Testing

/// Tests that a coordinator's folder is removed, even if the coordinator is killed.
struct ClusterFolderTests {
  private let base: TemporaryFolder

  init() throws { base = try TemporaryFolder() }

  private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []).sorted() }

  @Test func removesFoldersOfKilledCoordinatorsOnly() throws {
    let living = try ClusterFolder(in: base.path)
    // As a killed coordinator leaves it: the lock file exists, but no process holds the lock.
    let dead = base.path + "/atelier-dead00"
    try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: false)
    for name in ["lock", "images"] { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(dead)/\(name)")) }
    // Not a coordinator's.
    let other = base.path + "/atelier-other0"
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
    try Data().write(to: URL(fileURLWithPath: base.path + "/atelier-file00"))

    let next = try ClusterFolder(in: base.path)
    let left = [living.path, next.path, other].map { ($0 as NSString).lastPathComponent } + ["atelier-file00"]
    #expect(names == left.sorted())
    living.remove()
    next.remove()
    #expect(names == ["atelier-file00", "atelier-other0"])
  }

  @Test func folderIsAccessibleOnlyByItsUser() throws {
    let folder = try ClusterFolder(in: base.path)
    defer { folder.remove() }
    let permissions = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
    #expect(permissions == 0o700)
  }

  @Test func missingBaseFolderIsAnError() {
    let error = #expect(throws: (any Error).self) { try ClusterFolder(in: self.base.path + "/none") }
    #expect("\(error!)".contains("cannot make a folder in"))
  }
}

/// Tests the choice of the folder's location.
struct ClusterFolderBaseTests {
  @Test func skipsFoldersThatCannotHoldSockets() {
    #expect(ClusterFolder.base(["TMPDIR": "/var/tmp"]) == "/var/tmp")
    let unfit = ["", "relative", "/a;b", "/a\nb", "/" + String(repeating: "x", count: 64)]
    for name in unfit { #expect(ClusterFolder.base(["TMPDIR": name]) == "/tmp") }
    #expect(ClusterFolder.base([:]) == "/tmp")
  }
}
