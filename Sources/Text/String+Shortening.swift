extension String {
  /// Returns the text with an ellipsis in place of its middle if it has more than `count` characters: names of hosts
  /// often differ at their ends only.
  /// - Parameter count: at least 1
  package func shortened(to count: Int) -> String {
    precondition(count >= 1, "an ellipsis is one character")
    guard self.count > count else { return self }
    return "\(prefix(count / 2))…\(suffix((count - 1) / 2))"
  }
}
