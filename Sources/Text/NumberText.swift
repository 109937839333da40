internal import Foundation

/// Numbers as text, independent of the locale.
package enum NumberText {
  /// Formats with a fixed number of decimals and commas between thousands; NaN becomes a dash.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
    let text = String(format: "%.\(max(0, decimals))f", abs(value))
    let parts = text.split(separator: ".")
    let sign = value < 0 && text.contains { $0 != "0" && $0 != "." } ? "−" : ""
    return sign + grouped(parts[0]) + (parts.count > 1 ? "." + parts[1] : "")
  }

  /// Formats with at most `digits` significant digits and without trailing zeros; very large and very small numbers
  /// with a power of ten.
  package static func compact(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    let exponent = Int(log10(abs(value)).rounded(.down))
    guard -4...6 ~= exponent else {
      let parts = String(format: "%.\(max(0, digits - 1))e", value).split(separator: "e")
      let mantissa = trimmed(fixed(Double(parts[0]) ?? 0, decimals: digits - 1))
      let power = "10" + superscript(Int(parts[1]) ?? 0)
      return mantissa == "1" ? power : mantissa == "−1" ? "−" + power : mantissa + "×" + power
    }
    return trimmed(fixed(value, decimals: max(0, digits - 1 - exponent)))
  }

  /// Formats a fraction as a percentage.
  package static func percent(_ fraction: Double, decimals: Int = 1) -> String {
    fixed(fraction * 100, decimals: decimals) + (fraction.isFinite ? " %" : "")
  }

  private static func grouped(_ digits: Substring) -> String {
    var result = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place).isMultiple(of: 3) { result.append(",") }
      result.append(digit)
    }
    return result
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    let kept = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(kept.reversed())
  }

  private static func superscript(_ number: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (number < 0 ? "⁻" : "") + String(String(abs(number)).compactMap { $0.wholeNumberValue }.map { digits[$0] })
  }
}

/// Formats a number with a fixed number of decimals, a hyphen as its sign and no commas, for tables and logs.
package func formatted(_ number: Double, digits: Int) -> String { String(format: "%.\(digits)f", number) }
