internal import Text

extension GanttPlot {
  private static let rowHeights = (few: 30.0, many: 14.0)
  private static let manyRows = 16
  /// With more spans than this, all spans of a kind are one shape without labels.
  private static let maxSingleSpans = 600

  package var summary: String {
    let totals = kinds.indices.prefix(8).map { kind in
      let ofKind = spans.filter { $0.kind == kind && $0.isFinite }
      let total = ofKind.reduce(0) { $0 + $1.end - $1.start }
      return
        """
        \(kinds[kind]): \(QuantityText.count(ofKind.count, "span")), \
        \(horizontal.format.text(total))\(horizontal.unit.map { " " + $0 } ?? "") in total
        """
    }
    let all = totals.isEmpty ? "" : " " + totals.joined(separator: "; ") + "."
    return "Spans of \(horizontal.title) for \(QuantityText.count(rows.count, "row")) (\(vertical.title)).\(all)"
  }

  package var svg: SVG {
    let finite = spans.filter(\.isFinite)
    var x = AxisScale(horizontal, data: Bounds(finite.flatMap { [$0.start, $0.end] }), isRounded: false)
    let height = rows.count <= Self.manyRows ? Self.rowHeights.few : Self.rowHeights.many
    let entries = kinds.enumerated().map { (PlotLegend.Key.area($0.offset), $0.element) }
    var frame = PlotFrame(
      title, horizontal: horizontal.title, vertical: vertical.title, legend: PlotLegend(entries),
      height: Double(max(1, rows.count)) * height)
    frame.addVertical(names: rows)
    frame.addHorizontal(&x, hasGrid: true)
    let content =
      finite.count <= Self.maxSingleSpans
      ? finite.map { single($0, x, frame.top, height) }
      : kinds.indices.map { kind in
        var path = SVGPath()
        for span in finite where span.kind == kind { add(span, x, frame.top, height, to: &path) }
        return path.markup("plot-bar " + PlotStyle.fill(kind), title: kinds[kind])
      }
    return frame.svg(summary: summary, content, above: frame.markers(markers, x))
  }

  private func single(_ span: Span, _ x: AxisScale, _ top: Double, _ height: Double) -> Markup {
    var path = SVGPath()
    add(span, x, top, height, to: &path)
    let label = span.label.isEmpty ? kinds[span.kind] : span.label
    let seconds = NumberText.compact(span.end - span.start)
    let title = "\(rows[span.row]): \(label), \(seconds)\(horizontal.unit.map { " " + $0 } ?? "")"
    return path.markup("plot-bar " + PlotStyle.fill(span.kind), title: title)
  }

  /// Kinds also differ in height, for readers who cannot distinguish the colors.
  private func add(_ span: Span, _ x: AxisScale, _ top: Double, _ height: Double, to path: inout SVGPath) {
    guard let start = x.position(span.start), let end = x.position(span.end) else { return }
    let inset = height * (0.12 + 0.06 * Double(span.kind % 4))
    path.rectangle(
      start, top + Double(span.row) * height + inset, width: max(0.6, end - start), height: height - 2 * inset)
  }
}

extension GanttPlot.Span {
  fileprivate var isFinite: Bool { start.isFinite && end.isFinite && start <= end }
}
