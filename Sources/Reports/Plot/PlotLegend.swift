/// What a plot's colours, dashes and symbols stand for, in rows above it.
struct PlotLegend {
  enum Sign {
    case line(Int)
    case symbol(Int)
    case area(Int)
    case reference
  }

  /// More would be no help: colours repeat.
  private static let most = 24
  static let rowHeight = 20.0
  private static let signWidth = 30.0

  private let entries: [(Sign, String)]

  init(_ entries: [(Sign, String)]) { self.entries = entries }

  /// - Returns: the legend, and how many rows it has.
  func markup(left: Double, top: Double, width: Double) -> (parts: [Markup], rows: Int) {
    var (parts, x, row): ([Markup], Double, Int) = ([], left, 0)
    func place(_ length: Double) -> Double {
      if x > left, x + length > left + width { (x, row) = (left, row + 1) }
      defer { x += length }
      return x
    }
    for (sign, name) in entries.prefix(Self.most) {
      let name = PlotText.fitted(name, width: 200)
      let start = place(Self.signWidth + PlotText.width(name) + 18)
      let middle = top + (Double(row) + 0.5) * Self.rowHeight
      parts.append(Self.sign(sign, x: start, y: middle))
      parts.append(PlotText.label(name, x: start + Self.signWidth, y: middle + 4))
    }
    if entries.count > Self.most {
      let text = "and \(entries.count - Self.most) more"
      let start = place(PlotText.width(text))
      parts.append(PlotText.label(text, x: start, y: top + (Double(row) + 0.5) * Self.rowHeight + 4))
    }
    return (parts, entries.isEmpty ? 0 : row + 1)
  }

  private static func sign(_ sign: Sign, x: Double, y: Double) -> Markup {
    var path = PathText()
    switch sign {
    case .line(let series):
      path.move(x, y)
      path.horizontal(x + 22)
      return path.markup(PlotStyle.line(series))
    case .reference:
      path.move(x, y)
      path.horizontal(x + 22)
      return path.markup("plot-reference")
    case .symbol(let group):
      PlotSymbol(group).draw(x + 16, y, in: &path)
      return path.markup(PlotSymbol(group).style(group))
    case .area(let series):
      path.rectangle(x + 8, y - 6, width: 14, height: 12)
      return path.markup("plot-bar " + PlotStyle.fill(series))
    }
  }
}
