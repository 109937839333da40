internal import Files
internal import Foundation

/// The key pair that a worker keeps for each join token, so that it uses the token only once, however often it is
/// started with it.
package struct JoinedKeys: Sendable {
  package let pair: KeyPair
  /// Whether an earlier process has created the pair, and so has probably enrolled it.
  package let isKnown: Bool
  /// Why the pair cannot be kept for later processes; nil if it is kept.
  package let fault: TransportError?

  /// Creates a key pair for this process only.
  package init() { self.init(pair: KeyPair(), isKnown: false, fault: nil) }

  /// Reads the key pair for a token, or creates it. Concurrent processes get the same pair.
  ///
  /// The folder is `joined` in systemd's `$STATE_DIRECTORY`, else in the user's configuration folder.
  /// - Throws: ``TransportError`` if others can read the file, or it holds no key.
  package init(
    for token: JoinToken, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TransportError) {
    guard let path = Self.path(for: token, environment) else {
      let fault = TransportError("there is no home directory: set HOME or STATE_DIRECTORY", .notCreated)
      self.init(pair: KeyPair(), isKnown: false, fault: fault)
      return
    }
    let isKnown = access(path, F_OK) == 0
    if !isKnown {
      do throws(TransportError) { try KeyFiles.createSecret(at: path) } catch {
        self.init(pair: KeyPair(), isKnown: false, fault: error)
        return
      }
    }
    self.init(pair: try KeyFiles.secret(at: path), isKnown: isKnown, fault: nil)
  }

  /// Reads the key pair for a token. If there is none, the pair is a new one that is not kept.
  package init(
    existingFor token: JoinToken, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TransportError) {
    guard let path = Self.path(for: token, environment), access(path, F_OK) == 0 else {
      self.init(pair: KeyPair(), isKnown: false, fault: nil)
      return
    }
    self.init(pair: try KeyFiles.secret(at: path), isKnown: true, fault: nil)
  }

  private init(pair: KeyPair, isKnown: Bool, fault: TransportError?) {
    (self.pair, self.isKnown, self.fault) = (pair, isKnown, fault)
  }

  private static func path(for token: JoinToken, _ environment: [String: String]) -> String? {
    let state = environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
    let base = state ?? UserFolders.configuration(environment: environment).map { "\($0)/atelier" }
    // A token belongs to one coordinator and one guest, whose public keys are not secret.
    let name = TextChecksum.of(token.coordinator.z85 + token.guest.publicKey.z85)
    return base.map { "\($0)/joined/\(name)\(KeyFiles.secretSuffix)" }
  }
}
