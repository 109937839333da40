/// An upright axis for each parameter and a line for each trial, coloured by its score.
package struct ParallelCoordinates: Plot {
  package struct Dimension: Sendable, Equatable {
    package var axis: Axis
    /// If the values are not numbers: their names, and the value is the place in this list.
    package var categories: [String]

    package init(_ axis: Axis, categories: [String] = []) { (self.axis, self.categories) = (axis, categories) }
  }

  package struct Line: Sendable, Equatable {
    package var name: String
    /// One for each dimension; one that is not finite interrupts the line.
    package var values: [Double]
    package var score: Double

    package init(_ name: String, _ values: [Double], score: Double) {
      (self.name, self.values, self.score) = (name, values, score)
    }
  }

  package var title: String
  package var dimensions: [Dimension]
  package var lines: [Line]
  /// The scores.
  package var scale: ColourScale
  /// The line that is drawn over all others, as the best trial.
  package var emphasised: Int?

  package init(_ title: String, dimensions: [Dimension], lines: [Line], scale: ColourScale, emphasised: Int? = nil) {
    precondition(lines.allSatisfy { $0.values.count == dimensions.count }, "a value for each dimension")
    precondition(emphasised.map(lines.indices.contains) ?? true, "one of the lines")
    (self.title, self.dimensions, self.lines) = (title, dimensions, lines)
    (self.scale, self.emphasised) = (scale, emphasised)
  }
}
