internal import Text

extension Axis.Format {
  /// Formats a single value of the axis, such as the one beside a bar.
  func text(_ value: Double) -> String {
    switch self {
    case .number: NumberText.compact(value)
    case .whole: NumberText.fixed(value, decimals: 0)
    case .percent: NumberText.percent(value)
    }
  }
}

extension Axis {
  /// The name, followed by the unit in parentheses.
  var title: String { name + (unit.map { " (\($0))" } ?? "") }
}

extension Double {
  /// The number as an SVG coordinate, rounded to a tenth of a pixel.
  var coordinate: String {
    guard isFinite else { return "0" }
    let tenths = Int((Swift.min(Swift.max(self, -1e6), 1e6) * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let (whole, rest) = abs(tenths).quotientAndRemainder(dividingBy: 10)
    return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
  }
}
