/// A histogram of one or more series over common bins.
package struct Histogram: Plot {
  package struct Series: Sendable, Equatable {
    package var name: String
    /// (bins)
    package var counts: [Double]

    package init(_ name: String, _ counts: [Double]) { (self.name, self.counts) = (name, counts) }
  }

  package var title: String
  package var horizontal: Axis
  package var vertical: Axis
  /// (bins + 1), ascending
  package var edges: [Double]
  package var series: [Series]

  /// - Parameter series: each with one count per bin
  package init(_ title: String, horizontal: Axis, vertical: Axis, edges: [Double], series: [Series]) {
    precondition(series.allSatisfy { $0.counts.count == max(0, edges.count - 1) }, "one count per bin")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.edges, self.series) = (edges, series)
  }
}
