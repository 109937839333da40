internal import Files
internal import Foundation

/// Files of keys: a secret key that only its owner may read, and the public keys of allowed peers.
package enum KeyFiles {
  static let secretSuffix = ".secret"
  static let publicSuffix = ".public"
  /// The key pairs in libzmq's documentation, which are public knowledge.
  private static let published: Set<String> = [
    "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
  ]

  /// Creates a key pair in two files: `NAME.secret`, readable by its owner only, and `NAME.public`, to be distributed.
  /// - Throws: ``TransportError`` if one of the files already exists or cannot be written.
  package static func create(named name: String, in folder: String) throws(TransportError) -> KeyPair {
    let pair = KeyPair()
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw TransportError("cannot create the folder \(folder): \(error.localizedDescription)", .notCreated)
    }
    try write(pair.secret.z85, to: folder + "/" + name + secretSuffix, mode: 0o600)
    do throws(TransportError) {
      try write(pair.publicKey.z85, to: folder + "/" + name + publicSuffix, mode: 0o644)
    } catch {
      unlink(folder + "/" + name + secretSuffix)
      throw error
    }
    return pair
  }

  /// Returns the key pair that authenticates processes of this user to each other, and creates it on first use.
  /// - Parameter environment: `XDG_CONFIG_HOME`, else `HOME`, else the password file determines the folder.
  /// - Throws: ``TransportError`` if the pair does not exist and cannot be created, or if others can read it.
  package static func currentUserKeys(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TransportError) -> KeyPair {
    func named(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let folder = (named("XDG_CONFIG_HOME") ?? (named("HOME") ?? NSHomeDirectory()) + "/.config") + "/atelier"
    let path = "\(folder)/local\(secretSuffix)"
    if access(path, F_OK) != 0 {
      do throws(TransportError) { try createSecret(at: path) } catch {
        throw TransportError(
          "\(error); it holds the key that processes of one user share: set HOME, or give both sides --keys",
          .notCreated)
      }
    }
    return try secret(at: path)
  }

  /// Creates a secret key, unless another process has created it meanwhile.
  /// - Throws: ``TransportError`` if it cannot be created.
  static func createSecret(at path: String) throws(TransportError) {
    let (folder, last) =
      path.lastIndex(of: "/").map { (String(path[..<$0]), path[$0...].dropFirst()) } ?? (".", path[...])
    // Two processes may create the key at once: link(2) succeeds for only one of them, and both read that one's key.
    let name = "\(last.dropLast(secretSuffix.count))-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    _ = try create(named: name, in: folder)
    link("\(folder)/\(name)\(secretSuffix)", path)
    for suffix in [secretSuffix, publicSuffix] { unlink("\(folder)/\(name)\(suffix)") }
  }

  /// Whether the secret key of a public key is public knowledge.
  static func isPublished(_ key: Key) -> Bool { published.contains(key.z85) }

  static func write(_ text: String, to path: String, mode: mode_t) throws(TransportError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      throw TransportError(
        errno == EEXIST
          ? "\(path) already exists, and keys are never overwritten: remove it, or choose another name"
          : "cannot write \(path): \(systemErrorText())", .notCreated)
    }
    defer { close(descriptor) }
    do throws(SystemError) {
      try FileTransfer.write(Array((text + "\n").utf8), to: descriptor)
      if fsync(descriptor) != 0 { throw SystemError() }
    } catch {
      unlink(path)
      throw TransportError("cannot write \(path): \(error)", .notCreated)
    }
  }

  /// Reads a secret key.
  /// - Throws: ``TransportError`` if the file does not exist, holds no valid key, or can be read by others.
  package static func secret(at path: String) throws(TransportError) -> KeyPair {
    KeyPair(secret: try key(at: path, isSecret: true))
  }

  package static func publicKey(at path: String) throws(TransportError) -> Key { try key(at: path, isSecret: false) }

  /// Reads all `.public` files of a folder; `faults` holds an error for each file without a valid key.
  package static func publicKeys(in folder: String) throws(TransportError) -> (keys: Set<Key>, faults: [TransportError])
  {
    let (named, faults) = try namedPublicKeys(in: folder)
    return (Set(named.values), faults)
  }

  /// Reads all `.public` files of a folder, by the name of the key.
  package static func namedPublicKeys(
    in folder: String
  ) throws(TransportError) -> (keys: [String: Key], faults: [TransportError]) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw TransportError("cannot read the folder of public keys \(folder): \(error.localizedDescription)")
    }
    var (keys, faults): ([String: Key], [TransportError]) = ([:], [])
    for name in names.sorted() where name.hasSuffix(publicSuffix) {
      do throws(TransportError) {
        keys[String(name.dropLast(publicSuffix.count))] = try publicKey(at: folder + "/" + name)
      } catch { faults.append(error) }
    }
    return (keys, faults)
  }

  private static func key(at path: String, isSecret: Bool) throws(TransportError) -> Key {
    // O_NONBLOCK: opening a pipe without a writer would block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw TransportError(
        "cannot read the key \(path): \(systemErrorText()); create one with `atelier keys`")
    }
    defer { close(descriptor) }
    guard !isSecret || status.st_mode & 0o077 == 0 else {
      throw TransportError(
        "\(path) can be read by others: run `chmod 600 \(path)`, and create a new key if anyone did")
    }
    // Larger than a key with surrounding whitespace, so that longer files are recognized.
    let limit = 65
    let bytes = try? [UInt8](atMost: limit) { buffer throws(SystemError) in
      try FileTransfer.read(buffer, from: descriptor)
    }
    let text = bytes.map { $0.count < limit ? String(decoding: $0, as: UTF8.self) : "" } ?? ""
    guard let key = Key(z85: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TransportError("\(path) holds no key: expected 40 characters of Z85, as `atelier keys` writes them")
    }
    guard !published.contains(key.z85) else {
      throw TransportError(
        "\(path) holds a key from libzmq's documentation, which is public knowledge: create a new one")
    }
    return key
  }
}
