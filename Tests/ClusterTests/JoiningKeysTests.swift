import Cluster
import Foundation
import Testing
import Transport

/// The list of those who may join is the folder, as it is now.
struct JoiningKeysTests {
  private let folder: TemporaryFolder
  private let own: Key

  init() throws {
    folder = try TemporaryFolder()
    own = try KeyFiles.create(named: "coordinator", in: folder.path).publicKey
  }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).public"))
  }

  @Test func keysComeAndGo() throws {
    let (first, second) = (KeyPair().publicKey, KeyPair().publicKey)
    try write(first.z85, to: "first")
    var keys = JoiningKeys(folder: folder.path, except: [own], known: [first])
    func look(at now: Int) -> JoiningKeys.Change? { keys.look(at: now) }
    #expect(look(at: 0) == nil)
    try write(second.z85, to: "second")
    #expect(look(at: 999) == nil, "not before a second has passed")
    #expect(look(at: 1_000) == .keys([first, second]))
    #expect(look(at: 2_000) == nil)
    try FileManager.default.removeItem(atPath: "\(folder.path)/first.public")
    #expect(look(at: 3_000) == .keys([second]))
  }

  @Test func aKeyThatIsHalfCopiedIsReadOnceItIsWhole() throws {
    let key = KeyPair().publicKey
    var keys = JoiningKeys(folder: folder.path, except: [own], known: [])
    func look(at now: Int) -> JoiningKeys.Change? { keys.look(at: now) }
    try write(String(key.z85.prefix(20)), to: "worker")
    guard case .unreadable(let error)? = look(at: 0) else {
      Issue.record("half a key is a key")
      return
    }
    #expect(error.description.contains("worker.public holds no key"))
    #expect(look(at: 1_000) == nil, "it is said once")
    try write(key.z85, to: "worker")
    #expect(look(at: 2_000) == .keys([key]))
  }
}
