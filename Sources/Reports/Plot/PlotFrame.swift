/// The parts common to all plots with two axes: title, legend, plotting area, axes and grid.
struct PlotFrame {
  static let width = 640.0
  private static let right = 20.0
  private static let titleHeight = 30.0
  private static let axisNameHeight = 24.0

  let title: String
  let top: Double
  let height: Double
  private(set) var left = 20.0
  private var header: [Markup]
  private var axes: [Markup] = []
  private let horizontalName: String
  private let width: Double

  var right: Double { width - Self.right }
  var bottom: Double { top + height }

  /// - Parameters:
  ///   - vertical: the title of the vertical axis, which is placed above it.
  ///   - height: of the plotting area, in pixels
  init(
    _ title: String, horizontal: String, vertical: String, legend: PlotLegend, height: Double,
    width: Double = PlotFrame.width
  ) {
    (self.title, self.height, horizontalName, self.width) = (title, height, horizontal, width)
    let legend = legend.markup(left: 0, top: Self.titleHeight, width: width)
    let legendBottom = Self.titleHeight + Double(legend.rows) * PlotLegend.rowHeight
    top = legendBottom + Self.axisNameHeight + 6
    header = [Self.title(title, width: width)] + legend.parts
    header.append(PlotText.label(PlotText.truncated(vertical, width: width), x: 0, y: legendBottom + 18))
  }

  static func title(_ title: String, width: Double) -> Markup {
    PlotText.label(PlotText.truncated(title, width: width, size: 16), x: 0, y: 17, style: "plot-title")
  }

  /// Adds a numeric vertical axis with its ticks and grid.
  mutating func addVertical(_ scale: inout AxisScale) {
    (scale.start, scale.end) = (bottom, top)
    let ticks = scale.ticks
    left = (ticks.map { PlotText.width($0.label) }.max() ?? 0) + 10
    var grid = SVGPath()
    for tick in ticks {
      guard let y = scale.position(tick.value) else { continue }
      grid.move(left, y)
      grid.horizontal(right)
      axes.append(PlotText.label(tick.label, x: left - 8, y: y + 4, .end))
    }
    axes.insert(grid.markup("plot-grid"), at: 0)
  }

  /// Adds a vertical axis of names from top to bottom; if there is not enough room, some are left out.
  mutating func addVertical(names: [String]) {
    let rowHeight = height / Double(max(1, names.count))
    let stride = max(1, Int((13 / rowHeight).rounded(.up)))
    let texts = names.map { PlotText.truncated($0, width: 180) }
    left = (texts.map { PlotText.width($0) }.max() ?? 0) + 10
    for (place, text) in texts.enumerated() where place.isMultiple(of: stride) {
      axes.append(PlotText.label(text, x: left - 8, y: top + (Double(place) + 0.5) * rowHeight + 4, .end))
    }
  }

  /// Adds the horizontal axis, after the vertical one.
  /// - Parameters:
  ///   - margin: the width kept free at the right end, for the texts after bars
  ///   - hasGrid: whether the ticks have grid lines
  mutating func addHorizontal(_ scale: inout AxisScale, margin: Double = 0, hasGrid: Bool = false) {
    (scale.start, scale.end) = (left, max(left + 40, right - margin))
    var (grid, marks, last) = (SVGPath(), SVGPath(), -Double.infinity)
    for tick in scale.ticks {
      guard let x = scale.position(tick.value) else { continue }
      if hasGrid {
        grid.move(x, top)
        grid.vertical(bottom)
      }
      marks.move(x, bottom)
      marks.vertical(bottom + 4)
      // Labels that would overlap, such as long numbers, are left out.
      let half = PlotText.width(tick.label) / 2
      guard x - half > last + 6 else { continue }
      last = x + half
      axes.append(PlotText.label(tick.label, x: x, y: bottom + 18, .middle))
    }
    marks.move(left, bottom)
    marks.horizontal(right)
    axes.insert(grid.markup("plot-grid"), at: 0)
    axes.append(marks.markup("plot-axis"))
  }

  /// Vertical lines with a label at the top.
  func markers(_ markers: [PlotMarker], _ scale: AxisScale) -> [Markup] {
    markers.filter { 0...1 ~= scale.fraction($0.position) ?? -1 }.enumerated().flatMap { place, marker in
      let x = scale.position(marker.position) ?? left
      var line = SVGPath()
      line.move(x, top)
      line.vertical(bottom)
      let text = PlotText.truncated(marker.label, width: 220)
      let isNearEnd = x + PlotText.width(text) + 6 > right
      return [
        line.markup("plot-reference"),
        PlotText.label(
          text, x: isNearEnd ? x - 5 : x + 5, y: top + 11 + Double(place % 6) * 14, isNearEnd ? .end : .start,
          style: "plot-over"),
      ]
    }
  }

  /// Clips the content to the plotting area, extended by the width of a line.
  private func clipped(_ content: [Markup]) -> Markup {
    let (x, y, width, height) = (left - 4, top - 4, right - left + 8, self.height + 8)
    return Markup(
      "svg",
      [
        "x": x.coordinate, "y": y.coordinate, "width": width.coordinate, "height": height.coordinate,
        "viewBox": [x, y, width, height].map(\.coordinate).joined(separator: " "),
      ], [.lines(content)])
  }

  /// - Parameters:
  ///   - content: if empty, the plot says "no data".
  ///   - above: drawn over the content and not clipped
  func svg(summary: String, _ content: [Markup], above: [Markup] = []) -> SVG {
    let none = PlotText.label("no data", x: (left + right) / 2, y: (top + bottom) / 2, .middle)
    let name = PlotText.label(
      PlotText.truncated(horizontalName, width: right - 20), x: right, y: bottom + 36, .end)
    return SVG(
      width: width, height: bottom + 44, title: title, summary: summary,
      content: header + axes + [content.isEmpty ? none : clipped(content)] + above + [name])
  }
}
