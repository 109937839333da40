/// A matrix as coloured cells, with its numbers in them where they fit.
package struct HeatMap: Plot {
  package var title: String
  /// What the columns are of, as "predicted class".
  package var horizontal: Axis
  package var vertical: Axis
  package var columns: [String]
  /// From top to bottom.
  package var rows: [String]
  /// (rows, columns), row-major; one that is not finite is shown as missing.
  package var values: [Double]
  /// (rows, columns) What is written in the cells; empty for the values themselves.
  package var texts: [String]
  /// What the values are, with the range of the colours.
  package var scale: ColourScale

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, columns: [String], rows: [String], values: [Double],
    texts: [String] = [], scale: ColourScale
  ) {
    precondition(values.count == rows.count * columns.count, "a value for each cell")
    precondition(texts.isEmpty || texts.count == values.count, "a text for each cell, or none")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.columns, self.rows, self.values, self.texts, self.scale) = (columns, rows, values, texts, scale)
  }
}
