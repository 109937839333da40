extension String {
  /// Without what a terminal would obey: names and paths from outside can hold anything.
  var printable: String {
    String(unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : Character($0) })
  }

  /// The same for a text of several lines.
  var printableLines: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
  }
}
