/// The secret that grants access to a live page from other hosts.
package struct AccessToken: Sendable {
  package let text: String

  /// Creates a token of 128 random bits, as 32 hexadecimal digits.
  package init() { text = randomDigits() }

  /// Creates a token from a secret that was generated elsewhere.
  /// - Throws: ``DashboardError`` if the secret is too short or too long, or has characters other than
  ///   letters, digits, `-` and `_`.
  package init(_ text: String) throws(DashboardError) {
    // 22 characters from an alphabet of 64 encode 128 bits.
    guard (22...128).contains(text.utf8.count),
      text.utf8.allSatisfy({ "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".utf8.contains($0) })
    else { throw DashboardError("the live page's token must be 22 to 128 random letters, digits, '-' and '_'") }
    self.text = text
  }

  /// Compares in constant time, so that the token cannot be guessed character by character.
  func matches(_ guess: some StringProtocol) -> Bool {
    guard guess.utf8.count == text.utf8.count else { return false }
    return zip(guess.utf8, text.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Returns 32 unpredictable hexadecimal digits.
func randomDigits() -> String {
  var source = SystemRandomNumberGenerator()
  return (0..<2).map { _ in
    let digits = String(source.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
}
