/// A Gantt chart: a row for each worker, with colored spans of time.
package struct GanttPlot: Plot {
  package struct Span: Sendable, Equatable {
    package var row: Int
    /// The index in ``GanttPlot/kinds``.
    package var kind: Int
    package var start: Double
    package var end: Double
    /// The tooltip; empty for the kind alone.
    package var label: String

    package init(row: Int, kind: Int, start: Double, end: Double, label: String = "") {
      (self.row, self.kind, self.start, self.end, self.label) = (row, kind, start, end, label)
    }
  }

  package var title: String
  package var horizontal: Axis
  /// What the rows denote, for example "worker".
  package var vertical: Axis
  package var rows: [String]
  package var kinds: [String]
  package var spans: [Span]
  /// Vertical lines, for example at the loss of a worker.
  package var markers: [PlotMarker]

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, rows: [String], kinds: [String], spans: [Span],
    markers: [PlotMarker] = []
  ) {
    precondition(
      spans.allSatisfy { rows.indices ~= $0.row && kinds.indices ~= $0.kind },
      "the row or kind of a span is out of range")
    (self.title, self.horizontal, self.vertical, self.rows) = (title, horizontal, vertical, rows)
    (self.kinds, self.spans, self.markers) = (kinds, spans, markers)
  }
}
