/// A horizontal bar plot: each bar has a name and starts at zero, with its value beside it.
package struct BarPlot: Plot {
  package struct Bar: Sendable, Equatable {
    package var name: String
    package var value: Double
    /// The interval, drawn as a whisker.
    package var interval: ClosedRange<Double>?
    /// The index in ``BarPlot/groups``, which determines the color.
    package var group: Int

    package init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil, group: Int = 0) {
      (self.name, self.value, self.interval, self.group) = (name, value, interval, group)
    }
  }

  package var title: String
  package var horizontal: Axis
  /// What the names denote, for example "class".
  package var vertical: Axis
  /// The bars from top to bottom.
  package var bars: [Bar]
  /// The legend; empty if all bars belong to one group.
  package var groups: [String]
  /// Vertical lines, for example at the mean.
  package var markers: [PlotMarker]

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, bars: [Bar], groups: [String] = [], markers: [PlotMarker] = []
  ) {
    precondition(
      bars.allSatisfy { $0.group >= 0 && $0.group < max(1, groups.count) }, "the group of a bar is out of range")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.bars, self.groups, self.markers) = (bars, groups, markers)
  }
}
