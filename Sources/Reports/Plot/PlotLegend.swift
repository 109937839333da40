/// The legend of a plot, in rows above the plotting area.
struct PlotLegend {
  enum Key {
    case line(Int)
    case symbol(Int)
    case area(Int)
    case reference
  }

  /// The maximum number of entries; beyond it, colors repeat.
  private static let maxEntries = 24
  static let rowHeight = 20.0
  private static let keyWidth = 30.0

  private let entries: [(Key, String)]

  init(_ entries: [(Key, String)]) { self.entries = entries }

  /// - Returns: the legend and its number of rows
  func markup(left: Double, top: Double, width: Double) -> (parts: [Markup], rows: Int) {
    var (parts, x, row): ([Markup], Double, Int) = ([], left, 0)
    func place(_ length: Double) -> Double {
      if x > left, x + length > left + width { (x, row) = (left, row + 1) }
      defer { x += length }
      return x
    }
    for (key, name) in entries.prefix(Self.maxEntries) {
      let name = PlotText.truncated(name, width: 200)
      let start = place(Self.keyWidth + PlotText.width(name) + 18)
      let middle = top + (Double(row) + 0.5) * Self.rowHeight
      parts.append(Self.markup(key, x: start, y: middle))
      parts.append(PlotText.label(name, x: start + Self.keyWidth, y: middle + 4))
    }
    if entries.count > Self.maxEntries {
      let text = "and \(entries.count - Self.maxEntries) more"
      let start = place(PlotText.width(text))
      parts.append(PlotText.label(text, x: start, y: top + (Double(row) + 0.5) * Self.rowHeight + 4))
    }
    return (parts, entries.isEmpty ? 0 : row + 1)
  }

  private static func markup(_ key: Key, x: Double, y: Double) -> Markup {
    var path = SVGPath()
    switch key {
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
