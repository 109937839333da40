internal import Text

extension Histogram {
  private static let height = 260.0

  /// - Parameters:
  ///   - values: values that are not finite are ignored.
  ///   - bins: the number of bins of equal width
  package init(
    _ title: String, horizontal: Axis, vertical: Axis, values: [(name: String, values: [Double])], bins: Int = 32
  ) {
    precondition(bins >= 1)
    let all = Bounds(values.flatMap(\.values)).range ?? 0...1
    let range = all.lowerBound < all.upperBound ? all : all.lowerBound - 0.5...all.upperBound + 0.5
    let width = (range.upperBound - range.lowerBound) / Double(bins)
    let series = values.map { name, values in
      var counts = [Double](repeating: 0, count: bins)
      for value in values where value.isFinite {
        // The last bin includes its upper edge.
        counts[Int(min(max(range.fraction(of: value) * Double(bins), 0), Double(bins - 1)))] += 1
      }
      return Series(name, counts)
    }
    self.init(
      title, horizontal: horizontal, vertical: vertical,
      edges: (0...bins).map { range.lowerBound + Double($0) * width }, series: series)
  }

  package var summary: String {
    let texts = series.prefix(8).map { line in
      let largest = line.counts.indices.max { (line.counts[$0], $1) < (line.counts[$1], $0) }
      let place = largest.map {
        ", most between \(horizontal.format.text(edges[$0])) and \(horizontal.format.text(edges[$0 + 1]))"
      }
      return "\(line.name): \(NumberText.compact(line.counts.reduce(0, +))) in \(line.counts.count) bins\(place ?? "")"
    }
    let all = texts.isEmpty ? "No values." : texts.joined(separator: "; ") + "."
    return "Histogram: \(vertical.title) over \(horizontal.title). \(all)"
  }

  package var svg: SVG {
    var x = AxisScale(horizontal, data: Bounds(edges), isRounded: false)
    var y = AxisScale(vertical, data: Bounds(series.flatMap(\.counts) + (vertical.scale == .linear ? [0] : [])))
    let entries = series.count > 1 ? series.enumerated().map { (PlotLegend.Key.area($0.offset), $0.element.name) } : []
    var frame = PlotFrame(
      title, horizontal: horizontal.title, vertical: vertical.title, legend: PlotLegend(entries), height: Self.height)
    frame.addVertical(&y)
    frame.addHorizontal(&x)
    let content = series.enumerated().flatMap { outline($0.element, $0.offset, x, y) }
    return frame.svg(summary: summary, content)
  }

  private func outline(_ line: Series, _ index: Int, _ x: AxisScale, _ y: AxisScale) -> [Markup] {
    guard let first = edges.first.flatMap(x.position), !line.counts.isEmpty else { return [] }
    var path = SVGPath()
    path.move(first, y.start)
    for (place, count) in line.counts.enumerated() {
      guard let left = x.position(edges[place]), let right = x.position(edges[place + 1]) else { continue }
      path.line(left, y.position(count) ?? y.start)
      path.horizontal(right)
    }
    path.vertical(y.start)
    return [path.markup("plot-shape " + PlotStyle.fill(index), title: line.name), path.markup(PlotStyle.stroke(index))]
  }
}
