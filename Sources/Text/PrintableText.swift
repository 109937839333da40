extension String {
  /// The text with control characters replaced: names and paths from outside can contain terminal escapes.
  package var printable: String {
    String(unicodeScalars.map { $0.isControl ? "\u{FFFD}" : Character($0) })
  }

  /// ``printable`` for a text of several lines.
  package var printableLines: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
  }

  /// Whether the text contains a control character.
  package var hasControlCharacters: Bool { unicodeScalars.contains(where: \.isControl) }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { properties.generalCategory == .control }
}
