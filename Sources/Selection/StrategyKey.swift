/// A key that a strategy reads from a sweep file.
package struct StrategyKey: Sendable {
  package enum Kind: Sendable {
    case integer
    case number
    case choice([String])
  }

  package let name: String
  /// The name of the option on the command line, without dashes.
  package let option: String
  package let kind: Kind
  /// Whether the option alone chooses the strategy on the command line.
  package let choosesStrategy: Bool
  /// What the value is, for the error if it is missing: "samples, the number of configurations". Nil if the key can be
  /// omitted.
  package let required: String?
  /// What the option does, in a sentence without a period at its end.
  package let help: String

  package init(
    _ name: String, option: String? = nil, _ kind: Kind, required: String? = nil, choosesStrategy: Bool = false,
    help: String
  ) {
    (self.name, self.option, self.kind, self.required) = (name, option ?? name, kind, required)
    (self.choosesStrategy, self.help) = (choosesStrategy, help)
  }

  /// The name, and what the value is.
  var named: String { required.map { "\(name), \($0)" } ?? name }

  /// Checks the type of a value.
  /// - Parameter place: the key or the option in the error
  /// - Throws: ``SweepError`` that says what the value must be
  func check(_ text: String, as place: String) throws(SweepError) {
    switch kind {
    case .integer: if Int(text) == nil { throw error(text, "an integer", place) }
    case .number: if Double(text) == nil { throw error(text, "a number", place) }
    case .choice(let words):
      if !words.contains(text) { throw SweepError(text, of: name, isNoneOf: words, place: place) }
    }
  }

  private func error(_ text: String, _ expected: String, _ place: String) -> SweepError {
    SweepError("\(place) must be \(expected), not \"\(text.prefix(SweepError.longestQuotation))\"", key: name)
  }
}

/// The values of a strategy's keys, as text. Reading one checks its type.
package struct StrategyValues: Sendable {
  private let texts: [String: String]
  private let keys: [StrategyKey]
  /// Returns the error for a required key without a value.
  private let missing: @Sendable (StrategyKey) -> SweepError

  /// - Parameters:
  ///   - texts: by key
  ///   - strategy: the strategy whose keys these are
  ///   - missing: returns the error for a required key without a value; nil for the error of a sweep file
  package init(
    _ texts: [String: String], of strategy: any SearchStrategy.Type,
    missing: (@Sendable (StrategyKey) -> SweepError)? = nil
  ) {
    (self.texts, keys) = (texts, strategy.keys)
    let name = strategy.name
    self.missing =
      missing ?? { SweepError("`strategy: \(name)` requires \($0.named)", key: "strategy") }
  }

  /// Returns the value of an integer; nil if there is none and the key is not required.
  /// - Throws: ``SweepError`` that names the key, if the value is missing and required, or is not an integer.
  package func integer(_ name: String) throws(SweepError) -> Int? { try text(name).flatMap { Int($0) } }

  /// Returns the value of a real number, like ``integer(_:)``.
  package func number(_ name: String) throws(SweepError) -> Double? { try text(name).flatMap { Double($0) } }

  /// Returns one of the words of a choice, like ``integer(_:)``.
  package func word(_ name: String) throws(SweepError) -> String? { try text(name) }

  /// A strategy that reads a key without declaring it is a defect of the program.
  private func key(_ name: String) -> StrategyKey {
    guard let key = keys.first(where: { $0.name == name }) else {
      preconditionFailure("\(name) is not a key of the strategy")
    }
    return key
  }

  /// Returns the value of a key, after a check of its type; nil if there is none and the key is not required.
  private func text(_ name: String) throws(SweepError) -> String? {
    let key = key(name)
    guard let text = texts[name] else {
      if key.required != nil { throw missing(key) }
      return nil
    }
    try key.check(text, as: name)
    return text
  }
}
