/// Points in the plane, by group.
package struct ScatterPlot: Plot {
  package struct Group: Sendable, Equatable {
    package var name: String
    package var points: [PlotPoint]
    /// What the pointer shows for each point; nothing, or one for each.
    package var labels: [String]

    package init(_ name: String, _ points: [PlotPoint], labels: [String] = []) {
      precondition(labels.isEmpty || labels.count == points.count, "a label for each point, or none")
      (self.name, self.points, self.labels) = (name, points, labels)
    }
  }

  package var title: String
  package var horizontal: Axis
  package var vertical: Axis
  package var groups: [Group]
  /// A stepped line through chosen points, as a Pareto front.
  package var front: LinePlot.Series?

  package init(_ title: String, horizontal: Axis, vertical: Axis, groups: [Group], front: LinePlot.Series? = nil) {
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.groups, self.front) = (groups, front)
  }
}
