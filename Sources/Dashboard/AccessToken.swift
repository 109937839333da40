/// What whoever wants to see a page beyond this machine must know.
package struct AccessToken: Sendable {
  package let text: String

  /// 128 random bits, as 32 hexadecimal digits.
  package init() { text = randomDigits() }

  /// - Parameter text: a secret made elsewhere.
  /// - Throws: ``DashboardError`` if it is too short to be one, or could not stand in an address.
  package init(_ text: String) throws(DashboardError) {
    // 22 characters of an alphabet of 64 hold 128 bits.
    guard (22...128).contains(text.utf8.count),
      text.utf8.allSatisfy({ "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".utf8.contains($0) })
    else { throw DashboardError("the live page's token must be 22 to 128 random letters, digits, '-' and '_'") }
    self.text = text
  }

  /// Takes the same time wherever the first difference is, so that it cannot be guessed piece by piece.
  func matches(_ guess: some StringProtocol) -> Bool {
    guard guess.utf8.count == text.utf8.count else { return false }
    return zip(guess.utf8, text.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// 32 hexadecimal digits that nobody can foresee.
func randomDigits() -> String {
  var source = SystemRandomNumberGenerator()
  return (0..<2).map { _ in
    let digits = String(source.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
}
