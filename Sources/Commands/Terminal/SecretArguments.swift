internal import ArgumentParser
internal import Transport

/// Refuses secrets as arguments of any command, before an error or a log repeats them.
enum SecretArguments {
  /// - Throws: `ValidationError` for the first argument that contains a join token or a job secret
  static func check(_ arguments: [String] = CommandLine.arguments) throws(ValidationError) {
    guard let kind = arguments.lazy.compactMap(SecretText.kind(in:)).first else { return }
    switch kind {
    case .joinToken:
      throw ValidationError(
        """
        a join token must not be an argument, because every user of this host can read arguments: pass it through \
        standard input (--join -), a file that only you can read (--join FILE), \(JoinSource.variable), or a systemd \
        credential. Revoke this token if others use this host (atelier keys revoke)
        """)
    case .jobSecret:
      throw ValidationError(
        """
        a job secret must not be an argument, because every user of this host can read arguments: pass it in \
        \(JobSecret.variable), or in a file that only you can read (\(JobSecret.fileVariable)). Replace this secret \
        if others use this host (atelier keys secret)
        """)
    }
  }
}
