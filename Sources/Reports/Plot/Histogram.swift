/// How often values are in each of adjoining bins.
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
  /// (bins + 1), rising.
  package var edges: [Double]
  package var series: [Series]

  /// - Parameter series: with as many counts as there are bins.
  package init(_ title: String, horizontal: Axis, vertical: Axis, edges: [Double], series: [Series]) {
    precondition(series.allSatisfy { $0.counts.count == max(0, edges.count - 1) }, "a count for each bin")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.edges, self.series) = (edges, series)
  }
}
