import Cluster
import Foundation
import Testing
import Transport

/// Tests that the admitted keys are those currently in the folder.
struct AllowedKeysTests {
  private let folder: TemporaryFolder
  private let own: Key

  init() throws {
    folder = try TemporaryFolder()
    own = try KeyFiles.create(named: "coordinator", in: folder.path).publicKey
  }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).public"))
  }

  @Test func addedAndRemovedKeysAreReported() throws {
    let (first, second) = (KeyPair().publicKey, KeyPair().publicKey)
    try write(first.z85, to: "first")
    var keys = AllowedKeys(folder: folder.path, except: [own], known: [first])
    func look(at now: Int) -> [AllowedKeys.Change] { keys.look(at: now) }
    #expect(look(at: 0).isEmpty)
    try write(second.z85, to: "second")
    #expect(look(at: 999).isEmpty, "not before a second has passed")
    #expect(look(at: 1_000) == [.keys([first, second])])
    #expect(look(at: 2_000).isEmpty)
    try FileManager.default.removeItem(atPath: "\(folder.path)/first.public")
    #expect(look(at: 3_000) == [.keys([second])])
  }

  /// A worker enrolls, and its key is removed before the folder is read again.
  @Test func addedKeyThatIsRemovedAtOnceIsReported() throws {
    var keys = AllowedKeys(folder: folder.path, except: [own], known: [])
    keys.noteAdded(KeyPair().publicKey)
    let changes = keys.look(at: 0)
    #expect(changes == [.keys([])])
  }

  @Test func fileWithoutKeyIsReportedOnceAndOthersAreAdmitted() throws {
    let (first, second) = (KeyPair().publicKey, KeyPair().publicKey)
    try write(first.z85, to: "first")
    try write(String(second.z85.prefix(20)), to: "second")
    var keys = AllowedKeys(folder: folder.path, except: [own], known: [])
    func look(at now: Int) -> [AllowedKeys.Change] { keys.look(at: now) }
    let changes = look(at: 0)
    guard case .fault(let error)? = changes.first else {
      Issue.record("half a key was accepted")
      return
    }
    #expect(error.description.contains("second.public holds no key") && changes.dropFirst() == [.keys([first])])
    try FileManager.default.removeItem(atPath: "\(folder.path)/first.public")
    #expect(look(at: 1_000) == [.keys([])], "a fault does not keep removed keys, and is reported once")
    try write(second.z85, to: "second")
    #expect(look(at: 2_000) == [.keys([second])])
  }

  @Test func keepsKnownKeysWhileFolderIsUnreadable() throws {
    let key = KeyPair().publicKey
    try write(key.z85, to: "worker")
    var keys = AllowedKeys(folder: folder.path, except: [own], known: [key])
    try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + "-away")
    let changes = keys.look(at: 0)
    try FileManager.default.moveItem(atPath: folder.path + "-away", toPath: folder.path)
    guard case .fault(let error)? = changes.first else {
      Issue.record("a missing folder was read")
      return
    }
    #expect(error.description.contains("cannot read the folder") && changes.count == 1)
    let next = keys.look(at: 1_000)
    #expect(next.isEmpty)
  }
}
