extension ColorScale {
  private static let steps = 64
  private static let barHeight = 12.0
  static let stripHeight = 52.0

  package var summary: String {
    let ticks = scale(Bounds()).ticks
    return "Color scale of \(title), from \(ticks.first?.label ?? "") to \(ticks.last?.label ?? "")."
  }

  package var svg: SVG {
    let width = 320.0
    return SVG(
      width: width, height: Self.stripHeight + 4, title: title, summary: summary,
      content: strip(Bounds(), left: 14, top: 0, width: width - 28))
  }

  /// - Parameter data: determines the range if the axis has none
  func scale(_ data: Bounds) -> AxisScale { AxisScale(axis, data: data, isRounded: false, ticks: 5) }

  /// The title, the colors from left to right, and the ticks below.
  func strip(_ data: Bounds, left: Double, top: Double, width: Double) -> [Markup] {
    var scale = scale(data)
    (scale.start, scale.end) = (left, left + width)
    let barTop = top + 20
    var parts = [PlotText.label(PlotText.truncated(title, width: width), x: left, y: top + 12)]
    let step = width / Double(Self.steps)
    for place in 0..<Self.steps {
      let color = map.color((Double(place) + 0.5) / Double(Self.steps))
      // Rectangles overlap, so that no seams are visible between them.
      let overlap = place + 1 < Self.steps ? 1.0 : 0
      parts.append(
        Markup(
          "rect",
          [
            "x": (left + Double(place) * step).coordinate, "y": barTop.coordinate,
            "width": (step + overlap).coordinate, "height": Self.barHeight.coordinate, "fill": color.code,
          ]))
    }
    for tick in scale.ticks {
      guard let x = scale.position(tick.value) else { continue }
      parts.append(PlotText.label(tick.label, x: x, y: barTop + Self.barHeight + 15, .middle))
    }
    return parts
  }
}
