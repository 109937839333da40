internal import Text

/// A piece of HTML or SVG. It is well-formed XML by construction: it consists only of elements and escaped text.
///
/// The same text is valid HTML5: void elements without content end in `/>`, all others have an end tag.
struct Markup: Sendable, Equatable {
  private(set) var source: String

  /// Creates empty markup.
  init() { source = "" }

  /// Creates text whose characters are displayed as they are.
  init(text: String) { source = text.escapedForMarkup }

  /// Creates markup from a source known at compile time, such as a style sheet.
  init(constant: StaticString) { source = constant.description }

  /// - Parameter attributes: names and values; an attribute whose value is nil is left out.
  init(_ element: String, _ attributes: KeyValuePairs<String, String?> = [:], _ content: [Markup] = []) {
    source = "<" + element
    for case (let name, let value?) in attributes { source += " \(name)=\"\(value.escapedForMarkup)\"" }
    if content.isEmpty, Self.isEmptyTag(element) {
      source += "/>"
    } else {
      source += ">"
      for part in content { source += part.source }
      source += "</\(element)>"
    }
  }

  init(_ element: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
    self.init(element, attributes, [Markup(text: text)])
  }

  init(_ parts: [Markup]) { source = parts.map(\.source).joined() }

  /// The parts, each on its own line.
  static func lines(_ parts: [Markup]) -> Markup {
    var lines = Markup()
    for part in parts { lines.source += "\n" + part.source }
    lines.source += "\n"
    return lines
  }

  /// Whether an element without content is written as an empty-element tag: HTML's void elements and SVG's shapes.
  private static func isEmptyTag(_ element: String) -> Bool {
    ["meta", "link", "img", "br", "hr", "col", "rect", "path", "line", "circle", "image", "polygon"].contains(element)
  }
}
