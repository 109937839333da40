/// Text in plots. The font is unknown when a plot is made, so widths are estimates for common sans-serif fonts.
enum PlotText {
  enum Anchor: String { case start, middle, end }

  static func width(_ text: String, size: Double = 12) -> Double {
    text.unicodeScalars.reduce(0) { $0 + widthFactor($1) } * size
  }

  /// The width of a character relative to the font size.
  private static func widthFactor(_ scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "t", "f", "r", "I", "'", ".", ",", ":", ";", "|", "!", "(", ")", "[", "]", " ": 0.36
    case "m", "w", "M", "W", "@", "%": 0.88
    case "A"..."Z": 0.69
    case _ where scalar.value >= 0x1100: 1
    default: 0.61
    }
  }

  /// Truncates a text to a width, with an ellipsis.
  static func truncated(_ text: String, width limit: Double, size: Double = 12) -> String {
    guard width(text, size: size) > limit else { return text }
    var (result, length) = ("", width("…", size: size))
    for character in text {
      length += width(String(character), size: size)
      guard length <= limit else { break }
      result.append(character)
    }
    return result + "…"
  }

  static func label(
    _ text: String, x: Double, y: Double, _ anchor: Anchor = .start, style: String? = nil, rotation: Double? = nil
  ) -> Markup {
    Markup(
      "text",
      [
        "x": x.coordinate, "y": y.coordinate, "text-anchor": anchor == .start ? nil : anchor.rawValue, "class": style,
        "transform": rotation.map { "rotate(\($0.coordinate) \(x.coordinate) \(y.coordinate))" },
      ], text: text)
  }
}

/// The `d` attribute of an SVG path, in pixels.
struct SVGPath {
  private(set) var text = ""
  var isEmpty: Bool { text.isEmpty }

  mutating func move(_ x: Double, _ y: Double) { text += "M\(x.coordinate) \(y.coordinate)" }
  mutating func line(_ x: Double, _ y: Double) { text += "L\(x.coordinate) \(y.coordinate)" }
  mutating func horizontal(_ x: Double) { text += "H\(x.coordinate)" }
  mutating func vertical(_ y: Double) { text += "V\(y.coordinate)" }
  mutating func close() { text += "Z" }
  mutating func append(_ path: SVGPath) { text += path.text }

  mutating func rectangle(_ x: Double, _ y: Double, width: Double, height: Double) {
    text += "M\(x.coordinate) \(y.coordinate)h\(width.coordinate)v\(height.coordinate)h\((-width).coordinate)Z"
  }

  /// - Parameter title: the tooltip
  func markup(_ style: String, title: String? = nil) -> Markup {
    Markup("path", ["class": style, "d": text], title.map { [Markup("title", text: $0)] } ?? [])
  }
}
