extension String {
  /// The text for HTML, XML and SVG, with every character escaped that has a meaning in markup. Characters that XML 1.0
  /// or HTML forbids become visible: a control character becomes its picture (U+2400 and following), any other the
  /// replacement character.
  package var escapedForMarkup: String {
    var result = UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;".unicodeScalars
      case "<": result += "&lt;".unicodeScalars
      case ">": result += "&gt;".unicodeScalars
      case "\"": result += "&quot;".unicodeScalars
      case "'": result += "&#39;".unicodeScalars
      case "\n", "\t": result.append(scalar)
      case "\u{0}"..."\u{1f}": result.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{fffd}")
      case "\u{7f}": result.append("\u{2421}")
      case "\u{80}"..."\u{9f}": result.append("\u{fffd}")
      default: result.append(scalar.isNoncharacter ? "\u{fffd}" : scalar)
      }
    }
    return String(result)
  }
}

extension Unicode.Scalar {
  fileprivate var isNoncharacter: Bool { value & 0xfffe == 0xfffe || 0xfdd0...0xfdef ~= value }
}
