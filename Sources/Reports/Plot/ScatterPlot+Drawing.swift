extension ScatterPlot {
  private static let height = 380.0

  package var summary: String {
    let names = groups.prefix(12).map { "\($0.name), \($0.points.filter(\.isFinite).count)" }
    let rest = groups.count > 12 ? ["and \(groups.count - 12) more groups"] : []
    let all = names.isEmpty ? "No points." : "Points: \((names + rest).joined(separator: "; "))."
    return "\(vertical.title) against \(horizontal.title). \(all)"
  }

  package var svg: SVG {
    let points = (groups.flatMap(\.points) + (front?.points ?? [])).filter(\.isFinite)
    var x = AxisScale(horizontal, data: Bounds(points.map(\.x)))
    var y = AxisScale(vertical, data: Bounds(points.map(\.y)))
    var entries: [(PlotLegend.Key, String)] =
      groups.count > 1 ? groups.enumerated().map { (.symbol($0.offset), $0.element.name) } : []
    if let front { entries.append((.reference, front.name)) }
    var frame = PlotFrame(
      title, horizontal: horizontal.title, vertical: vertical.title, legend: PlotLegend(entries), height: Self.height)
    frame.addVertical(&y)
    frame.addHorizontal(&x, hasGrid: true)
    let line = front.map { [frontLine($0, x, y)] } ?? []
    return frame.svg(summary: summary, line + groups.enumerated().flatMap { markup($0.element, $0.offset, x, y) })
  }

  private func frontLine(_ front: LinePlot.Series, _ x: AxisScale, _ y: AxisScale) -> Markup {
    var path = SVGPath()
    var last: Double?
    for point in front.points {
      guard let across = x.position(point.x), let height = y.position(point.y) else { continue }
      if let last {
        path.line(across, last)
        path.line(across, height)
      } else {
        path.move(across, height)
      }
      last = height
    }
    return path.markup("plot-reference")
  }

  /// One path for all points of a group; if the points have labels, one path per point.
  private func markup(_ group: Group, _ index: Int, _ x: AxisScale, _ y: AxisScale) -> [Markup] {
    let symbol = PlotSymbol(index)
    var (all, single): (SVGPath, [Markup]) = (SVGPath(), [])
    for (place, point) in group.points.enumerated() {
      guard let across = x.position(point.x), let height = y.position(point.y) else { continue }
      if group.labels.isEmpty {
        symbol.draw(across, height, in: &all)
      } else {
        var path = SVGPath()
        symbol.draw(across, height, in: &path)
        single.append(path.markup(symbol.style(index), title: group.labels[place]))
      }
    }
    return all.isEmpty ? single : [all.markup(symbol.style(index), title: group.name)]
  }
}
