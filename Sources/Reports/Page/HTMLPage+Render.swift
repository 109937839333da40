extension HTMLPage {
  /// The content of the HTML file, in UTF-8.
  package var html: String {
    let identifiers = sections.flatMap(\.identifiers)
    precondition(Set(identifiers).count == identifiers.count, "two sections have the same identifier")
    let page = Markup("html", ["lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"], [.lines([head, body])])
    return "<!DOCTYPE html>\n\(page.source)\n"
  }

  private var head: Markup {
    // Second line of defense: nothing is loaded or executed even if some text is not escaped.
    let scripts = script == nil ? "" : "; script-src 'self'; connect-src 'self'"
    let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'" + scripts
    return Markup(
      "head", [:],
      [
        .lines(
          [
            Markup("meta", ["charset": "utf-8"]),
            Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            Markup("meta", ["name": "color-scheme", "content": "light dark"]),
            Markup("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
            Markup("title", text: title),
            Markup("style", [:], [PageStyle.sheet, PlotStyle.sheet]),
          ] + (script.map { [Markup("script", ["src": $0, "defer": "defer"])] } ?? []))
      ])
  }

  private var body: Markup {
    let heading = [Markup("h1", text: title)] + (subtitle.isEmpty ? [] : [Markup("p", text: subtitle)])
    return Markup(
      "body", [:],
      [
        .lines([
          Markup("a", ["class": "skip", "href": "#content"], text: "Skip to the content"),
          Markup("header", ["class": "top"], heading),
          Markup("nav", ["class": "contents", "aria-label": "Contents"], [contents]),
          Markup("main", ["id": "content"], [.lines(sections.map(\.markup))]),
          Markup("footer", [:], [Markup("p", text: footer)]),
        ])
      ])
  }

  private var contents: Markup {
    Markup(
      "ol", [:], sections.map { Markup("li", [:], [Markup("a", ["href": "#\($0.identifier.text)"], text: $0.title)]) })
  }
}

extension HTMLSection {
  var identifiers: [Identifier] { [identifier] + subsections.flatMap(\.identifiers) }

  var markup: Markup { markup(level: 2) }

  private func markup(level: Int) -> Markup {
    let heading = "\(identifier.text)-title"
    return Markup(
      "section", ["id": identifier.text, "aria-labeledby": heading],
      [
        .lines(
          [Markup("h\(min(level, 6))", ["id": heading], text: title)] + blocks.map(\.markup)
            + subsections.map { $0.markup(level: level + 1) })
      ])
  }
}

extension HTMLBlock {
  var markup: Markup {
    switch self {
    case .paragraph(let text): Markup("p", [:], [text.markup])
    case .note(let text): Markup("p", ["class": "note", "role": "note"], [text.markup])
    case .list(let texts): Markup("ul", [:], texts.map { Markup("li", [:], [$0.markup]) })
    case .statements(let statements): Markup("ul", ["class": "statements"], [.lines(statements.map(\.markup))])
    case .cards(let cards): Markup("dl", ["class": "cards"], [.lines(cards.map(\.markup))])
    case .table(let table): table.markup
    case .figure(let figure): figure.markup
    case .gallery(let figures): Markup("div", ["class": "gallery"], [.lines(figures.map(\.markup))])
    case .definitions(let definitions): Markup("dl", ["class": "definitions"], [.lines(definitions.map(\.markup))])
    case .code(let text): Markup("pre", ["tabindex": "0"], [Markup("code", text: text)])
    case .details(let summary, let blocks):
      Markup("details", [:], [.lines([Markup("summary", text: summary)] + blocks.map(\.markup))])
    }
  }
}

extension HTMLStatement {
  fileprivate var markup: Markup {
    Markup("li", [:], [Markup("b", text: number), Markup("span", [:], [sentence.markup])])
  }
}

extension HTMLCard {
  fileprivate var markup: Markup {
    let remark = remark.isEmpty ? [] : [Markup("dd", ["class": "remark"], text: remark)]
    return Markup("div", [:], [Markup("dt", text: name), Markup("dd", text: value)] + remark)
  }
}

extension HTMLDefinition {
  fileprivate var markup: Markup {
    Markup("div", [:], [Markup("dt", text: term), Markup("dd", [:], [definition.markup])])
  }
}

extension HTMLTable {
  fileprivate var markup: Markup {
    let titles = columns.map { column in
      Markup("th", ["scope": "col", "class": column.alignment == .number ? "number" : nil], text: column.title)
    }
    let table = Markup(
      "table", [:],
      [
        Markup("caption", text: caption), Markup("thead", [:], [Markup("tr", [:], titles)]),
        Markup("tbody", [:], [.lines(rows.indices.map(row))]),
      ])
    // Focusable, so that the table can be scrolled with the keyboard.
    return Markup("div", ["class": "table", "role": "region", "aria-label": caption, "tabindex": "0"], [table])
  }

  private func row(_ index: Int) -> Markup {
    let cells = zip(columns, rows[index]).enumerated().map { place, cell in
      let (column, text) = cell
      let style = column.alignment == .number ? "number" : nil
      return place == 0
        ? Markup("th", ["scope": "row", "class": style], [text.markup]) : Markup("td", ["class": style], [text.markup])
    }
    return Markup("tr", ["class": index == emphasized ? "best" : nil], cells)
  }
}

extension HTMLFigure {
  /// Pictures wider than this, in pixels, get wider cells in a gallery.
  private static let wide = 200

  fileprivate var markup: Markup {
    let (style, picture): (String, Markup) =
      switch content {
      case .plot(let svg): ("plot", svg.inline)
      case .picture(let picture, let alternative):
        (
          picture.width > Self.wide ? "picture wide" : "picture",
          Markup(
            "img",
            [
              "src": picture.dataAddress, "alt": alternative, "width": "\(picture.width)",
              "height": "\(picture.height)",
            ])
        )
      }
    let box = Markup("div", ["class": "box"], [picture] + (scale.map { [$0.inline] } ?? []))
    return Markup("figure", ["class": style], [box, Markup("figcaption", [:], [caption.markup])])
  }
}
