extension ParallelCoordinates {
  private static let height = 280.0
  private static let top = 84.0
  /// The minimum distance between two axes; with many axes, the plot gets wider.
  private static let spacing = 120.0

  package var summary: String {
    let names = dimensions.map(\.axis.title).joined(separator: ", ")
    let best = emphasized.map { line(lines[$0]) }
    return "\(lines.count) lines over the axes \(names), colored by \(scale.title)."
      + (best.map { " Highlighted: \($0)." } ?? "")
  }

  /// The description of a line.
  private func line(_ line: Line) -> String {
    let values = zip(dimensions, line.values).map { "\($0.axis.name) \($0.text($1))" }.joined(separator: ", ")
    return "\(line.name): \(values); \(scale.title) \(scale.axis.format.text(line.score))"
  }

  package var svg: SVG {
    let width = max(PlotFrame.width, Double(dimensions.count) * Self.spacing)
    let margin = 60.0
    let gap = (width - 2 * margin) / Double(max(1, dimensions.count - 1))
    let places = dimensions.indices.map { dimensions.count == 1 ? width / 2 : margin + Double($0) * gap }
    let scales = dimensions.indices.map { index in
      var scale = dimensions[index].scale(Bounds(lines.map { $0.values[index] }))
      (scale.start, scale.end) = (Self.top + Self.height, Self.top)
      return scale
    }
    let paths = lines.map { path($0, places, scales) }
    var halo = SVGPath()
    for path in paths { halo.append(path) }
    var content = [PlotFrame.title(title, width: width)]
    content += halo.isEmpty ? [] : [halo.markup("plot-halo")]
    let colors = scale.scale(Bounds(lines.map(\.score)))
    let order = lines.indices.filter { $0 != emphasized } + (emphasized.map { [$0] } ?? [])
    for index in order where !paths[index].isEmpty {
      if index == emphasized { content.append(paths[index].markup("plot-best")) }
      let color = colors.fraction(lines[index].score).map { scale.map.color($0).code }
      content.append(
        Markup(
          "path",
          [
            "class": color == nil ? "plot-trace plot-reference" : "plot-trace", "stroke": color,
            "d": paths[index].text,
          ], [Markup("title", text: line(lines[index]))]))
    }
    if lines.isEmpty || dimensions.isEmpty {
      content.append(PlotText.label("no data", x: width / 2, y: Self.top + Self.height / 2, .middle))
    }
    for index in dimensions.indices { content += axis(dimensions[index], scales[index], x: places[index], room: gap) }
    let scaleTop = Self.top + Self.height + 24
    content += scale.strip(Bounds(lines.map(\.score)), left: margin - 40, top: scaleTop, width: 280)
    return SVG(
      width: width, height: scaleTop + ColorScale.stripHeight, title: title, summary: summary, content: content)
  }

  private func path(_ line: Line, _ places: [Double], _ scales: [AxisScale]) -> SVGPath {
    var (path, isInterrupted) = (SVGPath(), true)
    for (index, value) in line.values.enumerated() {
      guard let y = scales[index].position(value) else {
        isInterrupted = true
        continue
      }
      if isInterrupted { path.move(places[index], y) } else { path.line(places[index], y) }
      isInterrupted = false
    }
    return path
  }

  private func axis(_ dimension: Dimension, _ scale: AxisScale, x: Double, room: Double) -> [Markup] {
    var line = SVGPath()
    line.move(x, Self.top)
    line.vertical(Self.top + Self.height)
    var parts: [Markup] = []
    for tick in dimension.ticks(scale) {
      guard let y = scale.position(tick.value) else { continue }
      line.move(x - 4, y)
      line.horizontal(x)
      parts.append(
        PlotText.label(PlotText.truncated(tick.label, width: 90), x: x - 8, y: y + 4, .end, style: "plot-over"))
    }
    let name = PlotText.truncated(dimension.axis.title, width: max(60, min(room, 160)) - 10)
    return [line.markup("plot-axis")] + parts
      + [PlotText.label(name, x: x, y: Self.top - 18, .middle, style: "plot-strong")]
  }
}

extension ParallelCoordinates.Dimension {
  fileprivate func scale(_ data: Bounds) -> AxisScale {
    guard !categories.isEmpty else { return AxisScale(axis, data: data) }
    let whole = Axis(axis.name, format: .whole, range: 0...Double(max(1, categories.count - 1)))
    return AxisScale(whole, data: data)
  }

  fileprivate func ticks(_ scale: AxisScale) -> [AxisScale.Tick] {
    guard !categories.isEmpty else { return scale.ticks }
    return categories.enumerated().map { AxisScale.Tick(value: Double($0.offset), label: $0.element) }
  }

  fileprivate func text(_ value: Double) -> String {
    if !categories.isEmpty, let place = Int(exactly: value), categories.indices ~= place { return categories[place] }
    return axis.format.text(value)
  }
}
