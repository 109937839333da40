internal import ArgumentParser
internal import Foundation
internal import Transport

/// How a worker learns where its coordinator is: an address, for which it needs keys, or a join token.
enum JoinSource {
  case address(Endpoint)
  case token(JoinToken)

  static let variable = "ATELIER_JOIN"
  static let credential = "atelier-join"

  static let help = """
    Address of the coordinator (tcp://HOST:PORT), or where a join token is: - for standard input, or a file that only \
    its owner can read (default: the token or address in \(variable), else the systemd credential \(credential)).
    """

  /// Checks that there is a source, before the command runs.
  /// - Throws: `ValidationError` if there is none
  static func check(_ argument: String?) throws { _ = try place(argument, ProcessInfo.processInfo.environment) }

  /// - Parameter argument: The value of `--join`.
  /// - Throws: `ValidationError` if there is none; ``TransportError``
  static func resolve(
    _ argument: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> JoinSource {
    switch try place(argument, environment) {
    case .text(let text):
      return text.contains("://") ? .address(try Endpoint(text, isRemote: true)) : .token(try JoinToken(text))
    case .standardInput: return .token(try JoinToken(SecretFile.read(STDIN_FILENO, name: "standard input")))
    case .file(let path): return .token(try JoinToken(SecretFile.read(path)))
    }
  }

  /// Where an address or a token is given.
  private enum Place {
    case text(String)
    case standardInput
    case file(String)
  }

  private static func place(_ argument: String?, _ environment: [String: String]) throws -> Place {
    if let argument {
      if argument == "-" { return .standardInput }
      if argument.contains("://") { return .text(argument) }
      guard access(argument, F_OK) == 0 else {
        throw ValidationError("'\(argument)' is neither an address (tcp://HOST:PORT) nor a file with a join token")
      }
      return .file(argument)
    }
    if let text = environment[variable], !text.isEmpty { return .text(text) }
    if let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty,
      access("\(folder)/\(credential)", F_OK) == 0
    {
      return .file("\(folder)/\(credential)")
    }
    throw ValidationError(
      """
      no coordinator is given: use --join tcp://HOST:PORT, or --join - with a join token (atelier keys invite) on \
      standard input
      """)
  }
}
