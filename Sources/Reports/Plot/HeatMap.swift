/// A matrix of colored cells, with numbers in the cells where they fit.
package struct HeatMap: Plot {
  package var title: String
  /// What the columns denote, for example "predicted class".
  package var horizontal: Axis
  package var vertical: Axis
  package var columns: [String]
  /// The names of the rows from top to bottom.
  package var rows: [String]
  /// (rows, columns), row-major; values that are not finite are shown as missing.
  package var values: [Double]
  /// (rows, columns) The texts in the cells; empty for the values themselves.
  package var texts: [String]
  /// The axis of the values and its colors.
  package var scale: ColorScale

  package init(
    _ title: String, horizontal: Axis, vertical: Axis, columns: [String], rows: [String], values: [Double],
    texts: [String] = [], scale: ColorScale
  ) {
    precondition(values.count == rows.count * columns.count, "one value per cell")
    precondition(texts.isEmpty || texts.count == values.count, "one text per cell, or none")
    (self.title, self.horizontal, self.vertical) = (title, horizontal, vertical)
    (self.columns, self.rows, self.values, self.texts, self.scale) = (columns, rows, values, texts, scale)
  }
}
