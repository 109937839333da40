internal import Foundation

/// Numbers as people read them, the same in every locale.
package enum NumberText {
  /// With so many digits behind the point, and commas between thousands. What is no number is a dash.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
    let text = String(format: "%.\(max(0, decimals))f", abs(value))
    let parts = text.split(separator: ".")
    let sign = value < 0 && text.contains { $0 != "0" && $0 != "." } ? "−" : ""
    return sign + grouped(parts[0]) + (parts.count > 1 ? "." + parts[1] : "")
  }

  /// With at most so many significant digits, no zeros at the end, and a power of ten for what is very large or small.
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

  /// A share in percent.
  package static func percent(_ share: Double, decimals: Int = 1) -> String {
    fixed(share * 100, decimals: decimals) + (share.isFinite ? " %" : "")
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

extension Axis.Format {
  /// A value of the axis by itself, as beside a bar.
  func text(_ value: Double) -> String {
    switch self {
    case .number: NumberText.compact(value)
    case .whole: NumberText.fixed(value, decimals: 0)
    case .percent: NumberText.percent(value)
    }
  }
}

extension Axis {
  /// The name with its unit.
  var title: String { name + (unit.map { " (\($0))" } ?? "") }
}

extension Double {
  /// As SVG writes it: to the tenth of a pixel.
  var coordinate: String {
    guard isFinite else { return "0" }
    let tenths = Int((Swift.min(Swift.max(self, -1e6), 1e6) * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let (whole, rest) = abs(tenths).quotientAndRemainder(dividingBy: 10)
    return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
  }
}
