/// Values over a quantity: learning curves, ROC, reliability, automation.
package struct LinePlot: Plot {
  package struct Series: Sendable, Equatable {
    package var name: String
    /// In the order they are joined; a point that is not finite interrupts the line.
    package var points: [PlotPoint]
    /// Around each point, as an interval of confidence; empty for none.
    package var band: [ClosedRange<Double>]
    /// The value holds until the next point.
    package var isStepped: Bool

    /// - Parameter band: nothing, or one for each point.
    package init(_ name: String, _ points: [PlotPoint], band: [ClosedRange<Double>] = [], isStepped: Bool = false) {
      precondition(band.isEmpty || band.count == points.count, "a band has a range for each point")
      (self.name, self.points, self.band, self.isStepped) = (name, points, band, isStepped)
    }
  }

  package var title: String
  package var horizontal: Axis
  package var vertical: Axis
  package var series: [Series]
  /// Where both axes are equal: the line of chance, or of perfect calibration. The word for it; nil for none.
  package var diagonal: String?
  /// Vertical lines, as a chosen threshold.
  package var markers: [PlotMarker]

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, series: [Series], diagonal: String? = nil,
    markers: [PlotMarker] = []
  ) {
    (self.title, self.horizontal, self.vertical, self.series) = (title, horizontal, vertical, series)
    (self.diagonal, self.markers) = (diagonal, markers)
  }
}
