/// A parallel coordinates plot: a vertical axis for each parameter, and a line for each trial, colored by its score.
package struct ParallelCoordinates: Plot {
  package struct Dimension: Sendable, Equatable {
    package var axis: Axis
    /// The names of the values of a categorical dimension, whose values are indices of this list; empty for numbers.
    package var categories: [String]

    package init(_ axis: Axis, categories: [String] = []) { (self.axis, self.categories) = (axis, categories) }
  }

  package struct Line: Sendable, Equatable {
    package var name: String
    /// (dimensions) A value that is not finite interrupts the line.
    package var values: [Double]
    package var score: Double

    package init(_ name: String, _ values: [Double], score: Double) {
      (self.name, self.values, self.score) = (name, values, score)
    }
  }

  package var title: String
  package var dimensions: [Dimension]
  package var lines: [Line]
  /// The color scale of the scores.
  package var scale: ColorScale
  /// The index of the line highlighted on top of all others, such as the best trial.
  package var emphasized: Int?

  package init(_ title: String, dimensions: [Dimension], lines: [Line], scale: ColorScale, emphasized: Int? = nil) {
    precondition(lines.allSatisfy { $0.values.count == dimensions.count }, "one value per dimension")
    precondition(emphasized.map(lines.indices.contains) ?? true, "the highlighted line does not exist")
    (self.title, self.dimensions, self.lines) = (title, dimensions, lines)
    (self.scale, self.emphasized) = (scale, emphasized)
  }
}
