extension [String] {
  /// Joins the strings as an enumeration: `a`, `a or b`, `a, b or c`.
  package func joined(separator: String, last: String) -> String {
    guard count > 1 else { return first ?? "" }
    return dropLast().joined(separator: separator) + last + self[count - 1]
  }

  /// The enumeration with the word "or": `a, b or c`.
  package var alternatives: String { joined(separator: ", ", last: " or ") }

  /// Lists the first strings, and the number of the others: `a, b, c and 2 more`.
  package func listed(atMost most: Int) -> String {
    prefix(most).joined(separator: ", ") + (count > most ? " and \(count - most) more" : "")
  }
}
