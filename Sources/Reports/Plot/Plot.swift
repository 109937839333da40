/// What can be drawn. The value says all; drawing it twice gives the same bytes.
///
/// Every plot has a title, names and units on its axes, a legend where there is more than one thing, a text for those
/// who do not see it, and is drawn even if its data are empty or not finite: what has no place is left out, and a plot
/// without anything to show says so.
package protocol Plot: Sendable {
  var title: String { get }
  /// What the picture shows, in a sentence or two, for those who do not see it.
  var summary: String { get }
  /// The picture.
  var svg: SVG { get }
}

/// A picture of lines and text.
package struct SVG: Sendable, Equatable {
  /// In CSS pixels, at the size it is meant for; it scales to any other.
  package let width: Double
  package let height: Double
  package let title: String
  package let summary: String
  let content: [Markup]

  init(width: Double, height: Double, title: String, summary: String, content: [Markup]) {
    (self.width, self.height, self.title, self.summary, self.content) = (width, height, title, summary, content)
  }
}

/// A direction of a plot.
package struct Axis: Sendable, Equatable {
  package enum Scale: Sendable, Equatable {
    case linear
    /// Values that are not positive have no place on it.
    case logarithmic
  }
  /// How the numbers beside it are written.
  package enum Format: Sendable, Equatable {
    /// As short as the steps between the ticks allow.
    case number
    /// Whole numbers, as epochs: no tick lies between them.
    case whole
    /// Shares: 0.25 is "25 %".
    case percent
  }

  package var name: String
  /// As "s" or "images/s"; shown behind the name.
  package var unit: String?
  package var scale: Scale
  package var format: Format
  /// What is shown; nil for a range that the data fill. Bounds that are not finite are ignored.
  package var range: ClosedRange<Double>?

  package init(
    _ name: String, unit: String? = nil, scale: Scale = .linear, format: Format = .number,
    range: ClosedRange<Double>? = nil
  ) {
    (self.name, self.unit, self.scale, self.format, self.range) = (name, unit, scale, format, range)
  }
}

/// A place in the plane of a plot's axes.
package struct PlotPoint: Sendable, Equatable {
  package var x: Double
  package var y: Double

  package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }

  var isFinite: Bool { x.isFinite && y.isFinite }
}

/// A place on one axis that is drawn across the plot, with a word.
package struct PlotMarker: Sendable, Equatable {
  package var position: Double
  package var label: String

  package init(_ position: Double, label: String) { (self.position, self.label) = (position, label) }
}
