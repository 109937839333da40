/// The mapping from values to colors; as a plot, the color bar beside a map.
package struct ColorScale: Plot {
  /// The axis of the values; without a range, that of the data is used.
  package var axis: Axis
  package var map: ColorMap

  package init(_ axis: Axis, map: ColorMap) { (self.axis, self.map) = (axis, map) }

  package var title: String { axis.title }
}
