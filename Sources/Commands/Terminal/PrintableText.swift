extension String {
  /// The text with control characters replaced: names and paths from outside can contain terminal escapes.
  var printable: String {
    String(unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : Character($0) })
  }

  /// ``printable`` for a text of several lines.
  var printableLines: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
  }
}
