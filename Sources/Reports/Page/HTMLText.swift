/// A text with inline markup. Characters of its parts are escaped.
package struct HTMLText: Sendable, Equatable, ExpressibleByStringInterpolation {
  var markup: Markup

  package init(_ text: String) { markup = Markup(text: text) }

  package init(stringLiteral text: String) { self.init(text) }

  package static func strong(_ text: String) -> HTMLText { HTMLText(Markup("strong", text: text)) }

  /// A parameter, a command or a file name.
  package static func code(_ text: String) -> HTMLText { HTMLText(Markup("code", text: text)) }

  /// A link to a section of the same page.
  package static func link(_ text: String, to section: Identifier) -> HTMLText {
    HTMLText(Markup("a", ["href": "#\(section.text)"], text: text))
  }

  package static func + (first: HTMLText, second: HTMLText) -> HTMLText {
    HTMLText(Markup([first.markup, second.markup]))
  }

  private init(_ markup: Markup) { self.markup = markup }
}

/// The name of a section or figure, used in URLs and file names: lowercase letters, digits and single hyphens.
package struct Identifier: Sendable, Hashable, ExpressibleByStringLiteral {
  package let text: String

  /// - Parameter name: any text; other characters become hyphens, so different names can give equal identifiers.
  package init(_ name: String) {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    text = words.isEmpty ? "unnamed" : words.joined(separator: "-")
  }

  package init(stringLiteral name: String) { self.init(name) }
}
