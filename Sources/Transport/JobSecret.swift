internal import Foundation

/// A secret that all processes of one job share, from which the coordinator and its workers derive their key pairs.
/// For launchers that start identical processes. A coordinator that is started again has the same identity.
///
/// As text: `atelier-job-1.SECRET.CHECKSUM`. The text permits a process to be
/// worker and coordinator of the job.
package struct JobSecret: Sendable, Equatable {
  private let secret: Secret

  /// The environment variable with the text, and the one with the path of a file that holds it.
  package static let variable = "ATELIER_JOB_SECRET"
  package static let fileVariable = "ATELIER_JOB_SECRET_FILE"
  package static let prefix = "atelier-job-"
  private static let version = "1"

  /// Generates a secret from the system's random numbers.
  package init() { secret = Secret() }

  package var coordinator: KeyPair { secret.keyPair(for: .coordinator) }
  package var worker: KeyPair { secret.keyPair(for: .worker) }

  package var text: String {
    let head = "\(Self.prefix)\(Self.version).\(secret.text)"
    return "\(head).\(TextChecksum.of(head))"
  }

  /// Reads a secret, which may be surrounded by whitespace.
  /// - Throws: ``TransportError`` if the text is not one of this version, or is truncated or damaged. The error does
  ///   not repeat the text.
  package init(_ text: String) throws(TransportError) {
    let parts = text.trimmingCharacters(in: .whitespacesAndNewlines)
      .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0] == Self.prefix + Self.version, let secret = Secret(text: parts[1]),
      parts[2] == TextChecksum.of("\(parts[0]).\(parts[1])")
    else {
      throw .badToken(
        """
        the job secret is truncated, damaged or of another version: create one with `atelier keys secret`, and copy \
        the whole line
        """
      )
    }
    self.secret = secret
  }

  /// Returns the secret that the environment gives to this process; nil if there is none.
  /// - Throws: ``TransportError`` if the secret is invalid, or the file does not exist or can be read by others.
  package static func current(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TransportError) -> JobSecret? {
    func named(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let source: String
    let text: String
    if let given = named(variable) {
      (source, text) = (variable, given)
    } else if let path = named(fileVariable) {
      (source, text) = (path, try SecretFile.read(path, environment: environment))
    } else {
      return nil
    }
    do throws(TransportError) { return try JobSecret(text) } catch {
      throw .badToken("\(source): \(error)")
    }
  }
}
