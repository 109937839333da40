/// Which colour stands for which value; by itself, the picture of that: the scale beside a map.
package struct ColourScale: Plot {
  /// The values, with their range; without one, that of the data.
  package var axis: Axis
  package var map: ColourMap

  package init(_ axis: Axis, map: ColourMap) { (self.axis, self.map) = (axis, map) }

  package var title: String { axis.title }
}
