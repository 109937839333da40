/// A line plot: learning curves, ROC curves, reliability diagrams.
package struct LinePlot: Plot {
  package struct Series: Sendable, Equatable {
    package var name: String
    /// The points in the order in which they are joined; a point that is not finite interrupts the line.
    package var points: [PlotPoint]
    /// A confidence band: a range for each point; empty for none.
    package var band: [ClosedRange<Double>]
    /// Whether the line is drawn as steps.
    package var isStepped: Bool

    /// - Parameter band: empty, or one range per point
    package init(_ name: String, _ points: [PlotPoint], band: [ClosedRange<Double>] = [], isStepped: Bool = false) {
      precondition(band.isEmpty || band.count == points.count, "a band has one range per point")
      (self.name, self.points, self.band, self.isStepped) = (name, points, band, isStepped)
    }
  }

  package var title: String
  package var horizontal: Axis
  package var vertical: Axis
  package var series: [Series]
  /// The name of the diagonal on which both axes are equal, for example "chance" or "perfect calibration"; nil for no
  /// diagonal.
  package var diagonal: String?
  /// Vertical lines, for example at a threshold.
  package var markers: [PlotMarker]

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, series: [Series], diagonal: String? = nil,
    markers: [PlotMarker] = []
  ) {
    (self.title, self.horizontal, self.vertical, self.series) = (title, horizontal, vertical, series)
    (self.diagonal, self.markers) = (diagonal, markers)
  }
}
