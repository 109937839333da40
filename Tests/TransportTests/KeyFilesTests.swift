import Foundation
import Synchronization
import Testing
import Transport

@Suite struct KeyFilesTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func mode(_ name: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int)
  }

  private func failure(_ body: () throws(TransportError) -> Void) -> String? {
    do throws(TransportError) {
      try body()
      return nil
    } catch {
      return error.description
    }
  }

  private func secretFailure(_ path: String) -> String? {
    failure { () throws(TransportError) in _ = try KeyFiles.secret(at: path) }
  }

  private func faults() throws -> [String] { try KeyFiles.publicKeys(in: folder.path).faults.map(\.description) }

  // MARK: Creating

  @Test func createdPairRoundTrips() throws {
    let pair = try KeyFiles.create(named: "worker", in: folder.path)
    #expect(try KeyFiles.secret(at: path("worker.secret")) == pair)
    #expect(try KeyFiles.publicKey(at: path("worker.public")) == pair.publicKey)
    #expect(try KeyFiles.create(named: "other", in: folder.path) != pair)
  }

  @Test func secretKeyIsReadableByOwnerOnly() throws {
    _ = try KeyFiles.create(named: "worker", in: path("new/folder"))
    // The mode of a new file under the process's umask.
    let usual = try #require(FileManager.default.createFile(atPath: path("usual"), contents: nil) ? mode("usual") : nil)
    #expect(try mode("new/folder/worker.secret") == 0o600)
    #expect(try mode("new/folder/worker.public") == usual & 0o644)
    #expect(try mode("new/folder") == 0o700)
  }

  @Test(arguments: ["worker.secret", "worker.public"]) func keysAreNeverOverwritten(name: String) throws {
    _ = try folder.write("existing", to: name)
    let text = try #require(
      failure { () throws(TransportError) in _ = try KeyFiles.create(named: "worker", in: folder.path) })
    #expect(text.contains(path(name)) && text.contains("never overwritten"), "\(text)")
    #expect(try String(contentsOfFile: path(name), encoding: .utf8) == "existing")
    // The other file of the pair is not left behind.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
  }

  @Test func throwsIfFolderCannotBeCreated() throws {
    let file = try folder.write("", to: "file")
    let text = try #require(
      failure { () throws(TransportError) in _ = try KeyFiles.create(named: "worker", in: file + "/keys") })
    #expect(text.contains("cannot create the folder \(file)/keys"))
  }

  @Test func throwsIfNameIsNotAFileName() throws {
    let text = try #require(
      failure { () throws(TransportError) in _ = try KeyFiles.create(named: "no/folder", in: folder.path) })
    #expect(text.contains("cannot write \(folder.path)/no/folder.secret"))
  }

  // MARK: Reading

  @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])
  func refusesSecretKeyReadableByOthers(mode: Int) throws {
    _ = try KeyFiles.create(named: "worker", in: folder.path)
    let file = path("worker.secret")
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    let text = try #require(secretFailure(file))
    #expect(text.contains("can be read by others") && text.contains("chmod 600 \(file)"))
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file)
    #expect(secretFailure(file) == nil)
  }

  private static let good = KeyPair().publicKey.z85

  @Test(
    arguments: [
      "", "\n", String(good.dropLast()), good + "0", good + good, good + "\n" + good, good.dropLast() + " ",
      // A character that is not in Z85.
      good.dropLast() + "\"", good.dropLast() + "\u{7F}", good.dropLast(2) + "ü",
      // 85^5 - 1 exceeds 32 bits.
      "#####" + good.dropFirst(5),
      // The end of a C string, after 35 characters.
      good.prefix(35) + "\0" + good.suffix(4),
      String(repeating: "0", count: 1 << 20),
      good + String(repeating: "\n", count: 200) + "more",
    ] as [String]) func refusesInvalidKey(content: String) throws
  {
    let file = try folder.write(content, to: "some.public")
    let text = try #require(secretFailure(file), "the key was accepted")
    #expect(text.contains("\(file) holds no key: expected 40 characters of Z85"))
    #expect(failure { () throws(TransportError) in _ = try KeyFiles.publicKey(at: file) } == text)
    #expect(try faults() == [text])
  }

  @Test func refusesBytesThatAreNotText() throws {
    let file = path("some.secret")
    try Data([UInt8](repeating: 0xFF, count: 40)).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    #expect(try #require(secretFailure(file)).contains("holds no key"))
  }

  @Test(arguments: ["", "\n", "\r\n", "  \n\n"]) func ignoresWhitespaceAroundKey(blanks: String) throws {
    let file = try folder.write(blanks + Self.good + blanks, to: "some.public")
    #expect(try KeyFiles.publicKey(at: file).z85 == Self.good)
  }

  /// From zmq_curve(7).
  @Test(arguments: [
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
  ]) func refusesPublishedKey(key: String) throws {
    let file = try folder.write(key + "\n", to: "some.public")
    let text = try #require(secretFailure(file), "the key was accepted")
    #expect(text.contains("public knowledge"))
    #expect(failure { () throws(TransportError) in _ = try KeyFiles.publicKey(at: file) } == text)
    #expect(try faults() == [text])
  }

  @Test func readsPublicKeysOfFolder() throws {
    let pairs = try ["a", "b", "c"].map { try KeyFiles.create(named: $0, in: folder.path) }
    _ = try folder.write("invalid", to: "notes.txt")
    // An invalid file does not prevent the others from being read.
    _ = try folder.write("invalid", to: "b2.public")
    #expect(try KeyFiles.publicKeys(in: folder.path).keys == Set(pairs.map(\.publicKey)))
    #expect(try faults().count == 1 && faults()[0].contains("b2.public holds no key"))
    try FileManager.default.createDirectory(atPath: path("empty"), withIntermediateDirectories: false)
    #expect(try KeyFiles.publicKeys(in: path("empty")).keys == [])
  }

  @Test func missingFileIsNamedInError() throws {
    let missing = path("missing")
    #expect(try #require(secretFailure(missing)).contains("cannot read the key \(missing)"))
    for text in [
      failure({ () throws(TransportError) in _ = try KeyFiles.publicKey(at: missing) }),
      failure({ () throws(TransportError) in _ = try KeyFiles.publicKeys(in: missing) }),
    ] { #expect(text?.contains("cannot read the") == true && text?.contains(missing) == true, "\(text ?? "nothing")") }
  }

  @Test func pipesAndFoldersThrowWithoutBlocking() throws {
    let (pipe, directory) = (path("pipe.public"), path("folder.public"))
    #expect(mkfifo(pipe, 0o600) == 0)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    for file in [pipe, directory] {
      #expect(try #require(secretFailure(file)).contains("\(file) holds no key"))
      #expect(failure { () throws(TransportError) in _ = try KeyFiles.publicKey(at: file) } != nil)
    }
  }

  // MARK: Keys

  @Test func keyRoundTripsThroughZ85() throws {
    for _ in 0..<100 {
      let pair = KeyPair()
      let key = pair.publicKey
      #expect(Key(bytes: key.bytes) == key)
      #expect(Key(z85: key.z85) == key)
      #expect(try KeyPair(secret: #require(Key(z85: pair.secretText))) == pair)
    }
    // From RFC 32 and zmq_curve(7).
    let bytes: [UInt8] = [
      0xBB, 0x88, 0x47, 0x1D, 0x65, 0xE2, 0x65, 0x9B, 0x30, 0xC5, 0x5A, 0x53, 0x21, 0xCE, 0xBB, 0x5A,
      0xAB, 0x2B, 0x70, 0xA3, 0x98, 0x64, 0x5C, 0x26, 0xDC, 0xA2, 0xB2, 0xFC, 0xB4, 0x3F, 0xC5, 0x18,
    ]
    #expect(Key(bytes: bytes)?.z85 == "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    #expect(Key(bytes: Array(bytes.dropLast())) == nil)
    #expect(Key(bytes: bytes + [0]) == nil)
  }

  // MARK: The user's key

  @Test func processesOfOneUserShareOneKey() throws {
    let environment = ["HOME": folder.path]
    // Concurrently, like processes that are started together.
    let keys = Mutex<[KeyPair?]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let pair = try? KeyFiles.currentUserKeys(environment: environment)
      keys.withLock { $0.append(pair) }
    }
    let first = try #require(keys.withLock { $0[0] })
    #expect(keys.withLock { $0.allSatisfy { $0 == first } })
    #expect(try KeyFiles.currentUserKeys(environment: environment) == first)
    #expect(try mode(".config/atelier/local.secret") == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path(".config/atelier")) == ["local.secret"])
  }

  @Test func configurationFolderFollowsEnvironment() throws {
    let pair = try KeyFiles.currentUserKeys(environment: ["XDG_CONFIG_HOME": path("settings"), "HOME": "/nowhere"])
    #expect(try KeyFiles.secret(at: path("settings/atelier/local.secret")) == pair)
    #expect(try KeyFiles.currentUserKeys(environment: ["HOME": folder.path]) != pair)
  }

  @Test func errorSaysWhatToDoIfNoKeyCanBeCreated() {
    let text = failure { () throws(TransportError) in
      _ = try KeyFiles.currentUserKeys(environment: ["HOME": "/proc/none"])
    }
    #expect(text?.contains("set HOME") == true)
  }
}
