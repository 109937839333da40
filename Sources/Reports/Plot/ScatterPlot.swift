/// A scatter plot with groups.
package struct ScatterPlot: Plot {
  package struct Group: Sendable, Equatable {
    package var name: String
    package var points: [PlotPoint]
    /// The tooltips of the points; empty for none.
    package var labels: [String]

    package init(_ name: String, _ points: [PlotPoint], labels: [String] = []) {
      precondition(labels.isEmpty || labels.count == points.count, "one label per point, or none")
      (self.name, self.points, self.labels) = (name, points, labels)
    }
  }

  package var title: String
  package var horizontal: Axis
  package var vertical: Axis
  package var groups: [Group]
  /// A stepped line, for example a Pareto front.
  package var front: LinePlot.Series?

  package init(_ title: String, horizontal: Axis, vertical: Axis, groups: [Group], front: LinePlot.Series? = nil) {
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.groups, self.front) = (groups, front)
  }
}
