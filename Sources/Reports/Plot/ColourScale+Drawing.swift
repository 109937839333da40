extension ColourScale {
  private static let steps = 64
  private static let barHeight = 12.0
  static let stripHeight = 52.0

  package var summary: String {
    let ticks = scale(Bounds()).ticks
    return "Scale of colours for \(title), from \(ticks.first?.label ?? "") to \(ticks.last?.label ?? "")."
  }

  package var svg: SVG {
    let width = 320.0
    return SVG(
      width: width, height: Self.stripHeight + 4, title: title, summary: summary,
      content: strip(Bounds(), left: 14, top: 0, width: width - 28))
  }

  /// - Parameter data: gives the range if the axis does not.
  func scale(_ data: Bounds) -> AxisScale { AxisScale(axis, data: data, isRounded: false, ticks: 5) }

  /// The name, the colours from left to right, and the ticks below.
  func strip(_ data: Bounds, left: Double, top: Double, width: Double) -> [Markup] {
    var scale = scale(data)
    (scale.start, scale.end) = (left, left + width)
    let barTop = top + 20
    var parts = [PlotText.label(PlotText.fitted(title, width: width), x: left, y: top + 12)]
    let step = width / Double(Self.steps)
    for place in 0..<Self.steps {
      let colour = map.colour((Double(place) + 0.5) / Double(Self.steps))
      // Each but the last runs under the next, so that no seam is seen between them.
      let overlap = place + 1 < Self.steps ? 1.0 : 0
      parts.append(
        Markup(
          "rect",
          [
            "x": (left + Double(place) * step).coordinate, "y": barTop.coordinate,
            "width": (step + overlap).coordinate, "height": Self.barHeight.coordinate, "fill": colour.code,
          ]))
    }
    for tick in scale.ticks {
      guard let x = scale.position(tick.value) else { continue }
      parts.append(PlotText.label(tick.label, x: x, y: barTop + Self.barHeight + 15, .middle))
    }
    return parts
  }
}
