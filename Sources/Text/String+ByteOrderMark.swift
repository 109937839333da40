extension String {
  /// The text without a leading byte order mark (U+FEFF), which some editors write.
  package var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}
