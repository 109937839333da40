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

  /// Refuses a token as an argument.
  static func check(_ argument: String?) throws {
    guard argument?.contains(JoinToken.prefix) == true else { return }
    throw ValidationError(
      """
      a join token must not be an argument, because every user of this host can read arguments: pass it through \
      standard input (--join -), a file that only you can read (--join FILE), \(variable), or a systemd credential. \
      Revoke this token if others use this host (atelier keys revoke)
      """)
  }

  /// - Parameter argument: The value of `--join`.
  /// - Throws: `ValidationError` if there is none; ``TransportError``
  static func resolve(
    _ argument: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> JoinSource {
    if let argument {
      if argument == "-" { return .token(try JoinToken(SecretFile.read(STDIN_FILENO, name: "standard input"))) }
      if argument.contains("://") { return .address(try Endpoint(argument)) }
      guard access(argument, F_OK) == 0 else {
        throw TransportError(
          "'\(argument)' is neither an address (tcp://HOST:PORT) nor a file with a join token", .badAddress)
      }
      return .token(try JoinToken(SecretFile.read(argument)))
    }
    if let text = environment[variable], !text.isEmpty {
      return text.contains("://") ? .address(try Endpoint(text)) : .token(try JoinToken(text))
    }
    if let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty,
      access("\(folder)/\(credential)", F_OK) == 0
    {
      return .token(try JoinToken(SecretFile.read("\(folder)/\(credential)")))
    }
    throw ValidationError(
      """
      no coordinator is given: use --join tcp://HOST:PORT, or --join - with a join token (atelier keys invite) on \
      standard input
      """)
  }
}
