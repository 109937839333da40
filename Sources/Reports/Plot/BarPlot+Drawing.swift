extension BarPlot {
  /// The height of a row, in pixels.
  private static let rowHeights = (few: 28.0, many: 16.0)
  private static let manyBars = 32

  package var summary: String {
    let texts = bars.prefix(12).map { bar in
      let interval = bar.interval.map {
        " (\(horizontal.format.text($0.lowerBound)) to \(horizontal.format.text($0.upperBound)))"
      }
      return "\(bar.name), \(horizontal.format.text(bar.value))\(interval ?? "")"
    }
    let rest = bars.count > 12 ? ["and \(bars.count - 12) more"] : []
    let all = texts.isEmpty ? "No bars." : (texts + rest).joined(separator: "; ") + "."
    return "Bars of \(horizontal.title) by \(vertical.title). \(all)"
  }

  package var svg: SVG {
    var bounds = Bounds(bars.isEmpty ? [] : [0])
    for bar in bars {
      bounds.include(bar.value)
      if let interval = bar.interval { bounds.include([interval.lowerBound, interval.upperBound]) }
    }
    var x = AxisScale(horizontal, data: bounds)
    let rowHeight = bars.count <= Self.manyBars ? Self.rowHeights.few : Self.rowHeights.many
    let entries = groups.enumerated().map { (PlotLegend.Key.area($0.offset), $0.element) }
    var frame = PlotFrame(
      title, horizontal: horizontal.title, vertical: vertical.title, legend: PlotLegend(entries),
      height: Double(max(1, bars.count)) * rowHeight)
    frame.addVertical(names: bars.map(\.name))
    let texts = bars.map { horizontal.format.text($0.value) }
    frame.addHorizontal(&x, margin: (texts.map { PlotText.width($0) }.max() ?? 0) + 10, hasGrid: true)
    let scale = x
    let content = bars.enumerated().flatMap { place, bar in
      markup(bar, texts[place], scale, middle: frame.top + (Double(place) + 0.5) * rowHeight)
    }
    return frame.svg(summary: summary, content, above: frame.markers(markers, x))
  }

  private func markup(_ bar: Bar, _ text: String, _ x: AxisScale, middle: Double) -> [Markup] {
    let isThin = bars.count > Self.manyBars
    let half = isThin ? 5.5 : 9.0
    // A logarithmic axis has no zero; its bars start at the beginning of the axis.
    let zero = min(max(x.position(0) ?? x.start, x.start), x.end)
    guard let end = x.position(bar.value) else {
      return [PlotText.label("–", x: zero + 6, y: middle + 4, style: "plot-value")]
    }
    var (shape, whisker) = (SVGPath(), SVGPath())
    shape.rectangle(min(zero, end), middle - half, width: abs(end - zero), height: 2 * half)
    var parts = [shape.markup("plot-bar " + PlotStyle.fill(bar.group), title: "\(bar.name): \(text)")]
    var textStart = max(zero, end)
    if let interval = bar.interval, let low = x.position(interval.lowerBound),
      let high = x.position(interval.upperBound)
    {
      whisker.move(low, middle)
      whisker.horizontal(high)
      for side in [low, high] {
        whisker.move(side, middle - 4)
        whisker.vertical(middle + 4)
      }
      parts.append(whisker.markup("plot-whisker"))
      textStart = max(textStart, high)
    }
    parts.append(PlotText.label(text, x: textStart + 6, y: middle + 4, style: "plot-value"))
    return parts
  }
}
