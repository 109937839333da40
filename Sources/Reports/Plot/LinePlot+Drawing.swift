extension LinePlot {
  private static let height = 300.0
  /// Lines with at most this many points show a symbol at each point.
  private static let dottedPoints = 30

  package var summary: String {
    let lines = series.prefix(8).map { line in
      let points = line.points.filter(\.isFinite)
      guard let first = points.first, let last = points.last else { return "\(line.name): no points" }
      return "\(line.name): from \(text(first)) to \(text(last))"
    }
    let rest = series.count > 8 ? ["and \(series.count - 8) more"] : []
    let all = lines.isEmpty ? "No lines." : (lines + rest).joined(separator: "; ") + "."
    return "Lines of \(vertical.title) over \(horizontal.title). \(all)"
  }

  private func text(_ point: PlotPoint) -> String {
    "\(vertical.format.text(point.y)) at \(horizontal.format.text(point.x))"
  }

  package var svg: SVG {
    var (across, up) = (Bounds(), Bounds())
    for line in series {
      across.include(line.points.filter(\.isFinite).map(\.x))
      up.include(line.points.filter(\.isFinite).map(\.y))
      for range in line.band { up.include([range.lowerBound, range.upperBound]) }
    }
    var (x, y) = (AxisScale(horizontal, data: across, isRounded: diagonal != nil), AxisScale(vertical, data: up))
    var entries: [(PlotLegend.Key, String)] = series.enumerated().map { (.line($0.offset), $0.element.name) }
    if let diagonal { entries.append((.reference, diagonal)) }
    if entries.count == 1, series.first?.name == vertical.name { entries = [] }
    var frame = PlotFrame(
      title, horizontal: horizontal.title, vertical: vertical.title, legend: PlotLegend(entries), height: Self.height)
    frame.addVertical(&y)
    frame.addHorizontal(&x)
    var content: [Markup] = across.range == nil ? [] : diagonal.map { _ in [diagonalLine(x, y, across, up)] } ?? []
    content += series.enumerated().flatMap { $0.element.band.isEmpty ? [] : [band($0.element, $0.offset, x, y)] }
    content += series.enumerated().flatMap { Self.markup($0.element, $0.offset, x, y) }
    return frame.svg(summary: summary, content, above: frame.markers(markers, x))
  }

  /// A diagonal through the ranges of both axes, clipped to the plotting area.
  private func diagonalLine(_ x: AxisScale, _ y: AxisScale, _ across: Bounds, _ up: Bounds) -> Markup {
    var both = across
    for range in [up.range, horizontal.range, vertical.range] {
      if let range { both.include([range.lowerBound, range.upperBound]) }
    }
    var path = SVGPath()
    let points = AxisScale(horizontal, data: both).ticks.map(\.value)
    for end in [points.first, points.last] {
      guard let end, let left = x.position(end), let height = y.position(end) else { continue }
      if path.isEmpty { path.move(left, height) } else { path.line(left, height) }
    }
    return path.markup("plot-reference")
  }

  private func band(_ line: Series, _ index: Int, _ x: AxisScale, _ y: AxisScale) -> Markup {
    let places = zip(line.points, line.band).compactMap { point, range -> (Double, Double, Double)? in
      guard let across = x.position(point.x), let low = y.position(range.lowerBound),
        let high = y.position(range.upperBound)
      else { return nil }
      return (across, low, high)
    }
    var path = SVGPath()
    for (x, low, _) in places { if path.isEmpty { path.move(x, low) } else { path.line(x, low) } }
    for (x, _, high) in places.reversed() { path.line(x, high) }
    if !path.isEmpty { path.close() }
    return path.markup("plot-band " + PlotStyle.fill(index))
  }

  static func markup(_ line: Series, _ index: Int, _ x: AxisScale, _ y: AxisScale) -> [Markup] {
    var (path, dots) = (SVGPath(), SVGPath())
    var previous: (x: Double, y: Double)?
    let placed = line.points.map { point -> (Double, Double)? in
      guard let across = x.position(point.x), let height = y.position(point.y) else { return nil }
      return (across, height)
    }
    for (place, point) in placed.enumerated() {
      guard let point else {
        previous = nil
        continue
      }
      let isAlone = previous == nil && (place + 1 == placed.count || placed[place + 1] == nil)
      if placed.count <= dottedPoints && !line.isStepped || isAlone {
        PlotSymbol(index).draw(point.0, point.1, in: &dots)
      }
      if let last = previous {
        if line.isStepped { path.line(point.0, last.y) }
        path.line(point.0, point.1)
      } else if !isAlone {
        path.move(point.0, point.1)
      }
      previous = point
    }
    var parts: [Markup] = []
    if !path.isEmpty { parts.append(path.markup(PlotStyle.line(index), title: line.name)) }
    if !dots.isEmpty { parts.append(dots.markup(PlotSymbol(index).style(index))) }
    return parts
  }
}
