/// A horizontal bar for each name, from zero, with the value written beside it.
package struct BarPlot: Plot {
  package struct Bar: Sendable, Equatable {
    package var name: String
    package var value: Double
    /// Drawn as a whisker.
    package var interval: ClosedRange<Double>?
    /// Of ``BarPlot/groups``: which colour it has.
    package var group: Int

    package init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil, group: Int = 0) {
      (self.name, self.value, self.interval, self.group) = (name, value, interval, group)
    }
  }

  package var title: String
  package var horizontal: Axis
  /// What the names are of, as "class".
  package var vertical: Axis
  /// From top to bottom.
  package var bars: [Bar]
  /// The legend; empty if all bars are of one kind.
  package var groups: [String]
  /// Vertical lines, as the mean.
  package var markers: [PlotMarker]

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, bars: [Bar], groups: [String] = [], markers: [PlotMarker] = []
  ) {
    precondition(bars.allSatisfy { $0.group >= 0 && $0.group < max(1, groups.count) }, "a bar is of one of the groups")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.bars, self.groups, self.markers) = (bars, groups, markers)
  }
}
