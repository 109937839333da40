/// A plot as a value. Drawing it twice gives the same bytes.
///
/// Every plot has a title, axis names with units, a legend if there are several series, and a text alternative. A plot
/// can be drawn even if its data are empty or not finite: values without a position are left out, and a plot without
/// data says so.
package protocol Plot: Sendable {
  var title: String { get }
  /// The text alternative: the content of the plot in one or two sentences.
  var summary: String { get }
  /// The rendered plot.
  var svg: SVG { get }
}

/// A vector graphic.
package struct SVG: Sendable, Equatable {
  /// In CSS pixels, at the intended size; the graphic scales to any other.
  package let width: Double
  package let height: Double
  package let title: String
  package let summary: String
  let content: [Markup]

  init(width: Double, height: Double, title: String, summary: String, content: [Markup]) {
    (self.width, self.height, self.title, self.summary, self.content) = (width, height, title, summary, content)
  }
}

/// An axis of a plot.
package struct Axis: Sendable, Equatable {
  package enum Scale: Sendable, Equatable {
    case linear
    /// Only positive values have a position.
    case logarithmic
  }
  /// The number format of the tick labels.
  package enum Format: Sendable, Equatable {
    /// As few decimals as the step between the ticks requires.
    case number
    /// Integers, for example epochs; ticks are at integers only.
    case whole
    /// Fractions as percentages: 0.25 is "25 %".
    case percent
  }

  package var name: String
  /// For example "s" or "images/s"; shown after the name.
  package var unit: String?
  package var scale: Scale
  package var format: Format
  /// The displayed range; nil for that of the data. Bounds that are not finite are ignored.
  package var range: ClosedRange<Double>?

  package init(
    _ name: String, unit: String? = nil, scale: Scale = .linear, format: Format = .number,
    range: ClosedRange<Double>? = nil
  ) {
    (self.name, self.unit, self.scale, self.format, self.range) = (name, unit, scale, format, range)
  }
}

/// A point in the coordinates of the axes.
package struct PlotPoint: Sendable, Equatable {
  package var x: Double
  package var y: Double

  package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }

  var isFinite: Bool { x.isFinite && y.isFinite }
}

/// A labeled line across the plot at a position of one axis.
package struct PlotMarker: Sendable, Equatable {
  package var position: Double
  package var label: String

  package init(_ position: Double, label: String) { (self.position, self.label) = (position, label) }
}
