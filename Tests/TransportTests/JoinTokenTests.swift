import Foundation
import Testing
import Transport

/// Texts of join tokens and job secrets.
@Suite struct JoinTokenTests {
  /// The secret 0, 1, … 31 and a coordinator's key of sevens, written by a Python script (base64, hashlib).
  static let text =
    "atelier-join-1.BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    + ".1800000000.X-jALp4M.10.0.0.1:7700,fd00::1:7701,head.example:7702"
  static let jobText = "atelier-job-1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8.fo-_KIBt"

  static func hexadecimal(_ text: String) -> [UInt8] {
    stride(from: 0, to: text.count, by: 2).map { UInt8(text.dropFirst($0).prefix(2), radix: 16)! }
  }

  /// The error, which must not contain the secret.
  private func failure(_ text: String) -> String? {
    do throws(TransportError) {
      _ = try JoinToken(text)
      return nil
    } catch {
      #expect(error.kind == .badToken || error.kind == .badAddress)
      #expect(!error.description.contains("AAECAwQF"), "\(error)")
      return error.description
    }
  }

  @Test func readsTokenOfOtherImplementation() throws {
    let token = try JoinToken(" \(Self.text)\r\n")
    #expect(token.coordinator == Key(bytes: [UInt8](repeating: 7, count: 32)))
    #expect(
      token.addresses.map(\.text) == ["tcp://10.0.0.1:7700", "tcp://[fd00::1]:7701", "tcp://head.example:7702"])
    #expect(token.expiry == 1_800_000_000 && token.text == Self.text)
    // BLAKE2b with key, salt and personalization by Python's hashlib, then X25519 by RFC 7748's Python code.
    #expect(
      token.guest.publicKey.bytes
        == Self.hexadecimal("2ec81c05059d42ef9a480d6dffa3110677ad26dafe275348682d01c854123b4e"))
  }

  @Test func newTokenRoundTripsInShellSafeCharacters() throws {
    for addresses in [["h:1"], ["10.0.0.1:7700", "[::1]:65535"], (1...16).map { "node-\($0).x_y:\($0)" }] {
      let endpoints = try addresses.map { try Endpoint("tcp://\($0)") }
      let token = try JoinToken(
        coordinator: KeyPair().publicKey, addresses: endpoints, secret: Secret(), expiry: .random(in: 0...(.max)))
      #expect(try JoinToken(token.text) == token)
      let safe = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:,")
      #expect(token.text.unicodeScalars.allSatisfy(safe.contains))
    }
  }

  @Test func everyTruncationIsRefused() {
    for count in 0..<Self.text.count {
      let error = failure(String(Self.text.prefix(count)))
      #expect(error != nil, "\(count) characters were accepted")
      if count > 16 { #expect(error?.contains("truncated") == true, "\(count): \(error ?? "")") }
    }
  }

  @Test func everyChangedCharacterIsRefused() {
    let characters = Array(Self.text)
    for index in characters.indices {
      for other in ["A", "z", "0", ".", ",", "-"] as [Character] where characters[index] != other {
        var changed = characters
        changed[index] = other
        #expect(failure(String(changed)) != nil, "\(index): \(other)")
      }
    }
  }

  @Test(arguments: [
    ("", "not a join token"), ("hello", "not a join token"), ("atelier-join-2.abc", "unsupported version 2"),
    ("atelier-join-1", "truncated"), (text + " " + text, "other characters"), (text + "\nmore", "other characters"),
    (text + "é", "other characters"), (text + "\0", "other characters"),
    (String(repeating: text, count: 100), "other characters"),
  ]) func errorSaysWhatIsWrong(text: String, reason: String) {
    #expect(failure(text)?.contains(reason) == true, "\(failure(text) ?? "accepted")")
  }

  @Test(arguments: [
    [], ["tcp://*:1"], ["tcp://0.0.0.0:1"], ["tcp://[::]:1"], ["tcp://a:*"], ["ipc:///x"],
    ["tcp://a%eth0:1"], ["tcp://a b:1"],
  ])
  func refusesAddressesThatWorkersCannotUse(addresses: [String]) throws {
    let endpoints = try addresses.map { try Endpoint($0) }
    #expect(throws: TransportError.self) {
      try JoinToken(coordinator: KeyPair().publicKey, addresses: endpoints, secret: Secret(), expiry: 1)
    }
  }

  @Test(arguments: [
    ("10.0.0.1:7700", "tcp://10.0.0.1:7700"), ("fd00::1:7700", "tcp://[fd00::1]:7700"),
    ("[fd00::1]:7700", "tcp://[fd00::1]:7700"), ("a.b:1", "tcp://a.b:1"),
  ]) func readsHostAndPort(text: String, endpoint: String) throws {
    #expect(try Endpoint(hostAndPort: text).text == endpoint)
  }

  @Test(arguments: ["", "a", "a:", ":1", "a:0", "a:65536", "[::1]", "::1", "a:b:c"])
  func refusesInvalidHostAndPort(text: String) {
    #expect(throws: TransportError.self) { try Endpoint(hostAndPort: text) }
  }

  /// A worker connects to a port of another process.
  @Test(arguments: ["a:0", "a:*"]) func remotePortIsANumber(text: String) {
    var description = ""
    do throws(TransportError) { _ = try Endpoint(hostAndPort: text) } catch { description = error.description }
    #expect(description.hasSuffix("is not a port: expected 1 to 65535"), "\(description)")
  }

  @Test func secretsAreRecognizedInOtherText() {
    for (text, kind) in [(Self.text, SecretText.joinToken), (Self.jobText, .jobSecret)] {
      #expect(SecretText.kind(in: text) == kind && SecretText.kind(in: "--join=x/\(text)\n") == kind)
      #expect(SecretText.kind(in: String(text.prefix(31))) == kind)
      #expect(SecretText.kind(in: text.replacing("-1.", with: "-12.")) == kind)
    }
    for text in ["", "atelier-join", "atelier-join-1", "run/atelier-job-1.safetensors", "atelier-job-secret-of-a-team"]
    {
      #expect(SecretText.kind(in: text) == nil)
    }
  }

  // MARK: Job secrets

  @Test func jobSecretGivesBothSidesTheSameKeys() throws {
    let secret = try JobSecret("  \(Self.jobText)\n")
    #expect(secret.text == Self.jobText)
    // As above.
    #expect(
      secret.coordinator.publicKey.bytes
        == Self.hexadecimal("e482ab202e1db49491eb4bc6e76f1708dbba05a3ec1f510d9e182d54a54f9222"))
    #expect(
      secret.worker.publicKey.bytes
        == Self.hexadecimal("146968243935125346e96c45d3c4357d04c7d63bc02235ff9e44e1fa8a3ab64b"))
    let other = JobSecret()
    #expect(try JobSecret(other.text) == other)
    #expect(other.coordinator != secret.coordinator && other.worker != secret.worker)
  }

  @Test func damagedJobSecretIsRefused() {
    let characters = Array(Self.jobText)
    for count in 0..<characters.count {
      #expect(throws: TransportError.self) { try JobSecret(String(characters.prefix(count))) }
      var changed = characters
      changed[count] = changed[count] == "A" ? "B" : "A"
      #expect(throws: TransportError.self) { try JobSecret(String(changed)) }
    }
    #expect(throws: TransportError.self) { try JobSecret(Self.text) }
  }

  @Test func jobSecretComesFromVariableOrFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.jobText + "\n", to: "secret")
    let expected = try JobSecret(Self.jobText)
    #expect(try JobSecret.current(environment: [:]) == nil)
    #expect(try JobSecret.current(environment: ["ATELIER_JOB_SECRET": ""]) == nil)
    #expect(try JobSecret.current(environment: ["ATELIER_JOB_SECRET": Self.jobText]) == expected)
    #expect(try JobSecret.current(environment: ["ATELIER_JOB_SECRET_FILE": file]) == expected)
    func failure(_ environment: [String: String]) -> String {
      do { return "\(String(describing: try JobSecret.current(environment: environment)))" } catch { return "\(error)" }
    }
    #expect(failure(["ATELIER_JOB_SECRET": "password"]).contains("ATELIER_JOB_SECRET: the job secret is truncated"))
    #expect(failure(["ATELIER_JOB_SECRET_FILE": file + "x"]).contains("cannot read \(file)x"))
    let open = try folder.write(Self.jobText, to: "open", mode: 0o640)
    #expect(failure(["ATELIER_JOB_SECRET_FILE": open]).contains("can be read by others: run `chmod 600"))
    // systemd's credentials are readable by an access control list.
    #expect(
      try JobSecret.current(environment: ["ATELIER_JOB_SECRET_FILE": open, "CREDENTIALS_DIRECTORY": folder.path])
        == expected)
    let long = try folder.write(String(repeating: "a", count: 5_000), to: "long")
    #expect(failure(["ATELIER_JOB_SECRET_FILE": long]).contains("too long"))
    #expect(failure(["ATELIER_JOB_SECRET_FILE": "/dev/zero"]).contains("others"))
  }

  @Test func onlyFirstLineOfInputIsRead() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let text = "\(Self.text)\nmore"
    #expect(write(ends[1], text, text.utf8.count) == text.utf8.count)
    // The pipe stays open: reading to its end would block.
    #expect(try SecretFile.read(ends[0], name: "a pipe") == Self.text)
  }
}
