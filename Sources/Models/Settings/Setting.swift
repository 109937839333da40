/// One setting of a family of models. Commands, sweep files, saved models, help and errors derive from it.
package struct Setting<Settings>: Sendable {
  package private(set) var facts: SettingFacts
  /// Sets the value that the text denotes. Returns false if the text denotes no allowed value.
  let read: @Sendable (inout Settings, _ text: String) -> Bool
  let write: @Sendable (Settings) -> String

  /// The same setting, counted in this unit: "images".
  package func counted(in unit: String) -> Setting {
    var copy = self
    copy.facts.unit = unit
    return copy
  }

  /// The same setting, of which a fit with a smaller value is a cheap preview: successive halving can increase it from
  /// rung to rung.
  package func asResource() -> Setting {
    var copy = self
    copy.facts.isResource = true
    return copy
  }

  /// The same setting, which does not change what is fitted, and so the digest of the model.
  package func affectingOnlyPredictions() -> Setting {
    var copy = self
    copy.facts.affectsFit = false
    return copy
  }
}

/// The name, the help and the allowed values of a setting.
package struct SettingFacts: Sendable {
  /// The name of the option without dashes, and the key in sweep files and saved models.
  package let name: String
  /// The help, without a period.
  package let help: String
  package let values: SettingValues
  /// The default for the help, if it is not a single value.
  package let defaultNote: String?
  /// The unit of a number, in the plural; nil if it has none.
  package fileprivate(set) var unit: String?
  /// Whether it affects the fit, or only predictions.
  package fileprivate(set) var affectsFit = true
  /// Whether it can be the resource of successive halving.
  package fileprivate(set) var isResource = false

  init(name: String, help: String, values: SettingValues, defaultNote: String?) {
    (self.name, self.help, self.values, self.defaultNote) = (name, help, values, defaultNote)
  }
}

/// The values of a setting.
package struct SettingValues: Sendable {
  package enum Kind: Sendable, Equatable {
    case integer, real
    case words([String])
    /// Text with commas.
    case list
  }

  package let kind: Kind
  /// The allowed values, for errors: "an integer from 1 to 65536".
  package let allowed: String
  /// The placeholder in the help: "n|none".
  package let placeholder: String

  /// The values, if they are words; otherwise empty.
  package var words: [String] { if case .words(let words) = kind { words } else { [] } }
}

/// An interval of real numbers.
package struct NumberRange: Sendable {
  private let low, high: Double
  private let includesLow, includesHigh: Bool
  package let text: String

  package init(_ range: ClosedRange<Double>) {
    (low, high, includesLow, includesHigh) = (range.lowerBound, range.upperBound, true, true)
    text = "a number from \(Self.text(low)) to \(Self.text(high))"
  }

  package init(_ range: Range<Double>) {
    (low, high, includesLow, includesHigh) = (range.lowerBound, range.upperBound, true, false)
    text = "a number of at least \(Self.text(low)) and below \(Self.text(high))"
  }

  private init(low: Double, includesLow: Bool, _ text: String) {
    (self.low, high, self.includesLow, includesHigh, self.text) = (low, .infinity, includesLow, false, text)
  }

  package static let positive = NumberRange(low: 0, includesLow: false, "a positive number")
  static let notNegative = NumberRange(low: 0, includesLow: true, "zero or a positive number")

  package func contains(_ number: Double) -> Bool {
    (includesLow ? number >= low : number > low) && (includesHigh ? number <= high : number < high)
  }

  private static func text(_ number: Double) -> String {
    guard number.isFinite else { return "\(number)" }
    var (leading, exponent) = (number, 0)
    while leading >= 1e6 || exponent > 0 && leading >= 10 { (leading, exponent) = (leading / 10, exponent + 1) }
    let text = Int(exactly: leading).map { "\($0)" } ?? "\(leading)".replacing("e-0", with: "e-")
    return exponent == 0 ? text : "\(text)e\(exponent)"
  }
}
