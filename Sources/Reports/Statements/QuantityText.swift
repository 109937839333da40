internal import Evaluation
internal import Text

/// Quantities with their units as text, the same in all chapters. Units are joined by non-breaking spaces.
enum QuantityText {
  static func count(_ number: Int) -> String { NumberText.fixed(Double(number), decimals: 0) }

  /// "3 images", "1 image"
  static func count(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }

  /// Formats a fraction as a percentage.
  static func percent(_ fraction: Double) -> String {
    NumberText.percent(fraction).replacing(" ", with: "\u{a0}")
  }

  /// Formats a range of fractions as percentages.
  static func percents(_ lower: Double, _ upper: Double) -> String {
    "\(NumberText.fixed(lower * 100, decimals: 1))–\(QuantityText.percent(upper))"
  }

  /// Formats a difference of two fractions in percentage points.
  static func points(_ fraction: Double) -> String {
    let text = NumberText.fixed(fraction * 100, decimals: 1)
    return text == "1.0" || text == "−1.0" ? "\(text)\u{a0}point" : "\(text)\u{a0}points"
  }

  /// Formats a target, usually a whole percentage: "98 %", "99.5 %".
  static func target(_ fraction: Double) -> String { NumberText.compact(fraction * 100) + "\u{a0}%" }

  static func pValue(_ value: Double) -> String {
    value < 0.001 ? "p\u{a0}<\u{a0}0.001" : "p\u{a0}=\u{a0}" + NumberText.fixed(value, decimals: value < 0.1 ? 3 : 2)
  }

  static func seconds(_ seconds: Double) -> String {
    switch seconds {
    case ..<Statements.minSeconds: "<\u{a0}\(NumberText.compact(Statements.minSeconds))\u{a0}s"
    case ..<10: NumberText.compact(seconds, digits: 2) + "\u{a0}s"
    case ..<120: NumberText.fixed(seconds, decimals: 0) + "\u{a0}s"
    case ..<7200: NumberText.fixed(seconds / 60, decimals: 1) + "\u{a0}min"
    default: NumberText.fixed(seconds / 3600, decimals: 1) + "\u{a0}h"
    }
  }

  static func bytes(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    let (value, unit) = units.dropFirst().reduce((Double(bytes), units[0])) { known, unit in
      known.0 >= 1000 ? (known.0 / 1000, unit) : known
    }
    return NumberText.compact(value, digits: 3) + "\u{a0}" + unit
  }

  /// Formats an amount in the user's currency, which is unknown.
  static func money(_ amount: Double) -> String {
    NumberText.fixed(amount, decimals: abs(amount) < 100 ? 2 : 0)
  }

  static func money(_ interval: MeanInterval) -> String { "\(money(interval.lower)) to \(money(interval.upper))" }
}

extension ProportionInterval {
  var percent: String { QuantityText.percent(fraction) }
  var range: String { QuantityText.percents(lower, upper) }
  /// "9,277 of 10,000"
  var counts: String { "\(QuantityText.count(successes)) of \(QuantityText.count(count))" }
}
