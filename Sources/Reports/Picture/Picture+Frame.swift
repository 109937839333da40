extension Picture {
  /// Returns this picture with a border around it.
  package func framed(_ color: ColorMap.Color, width border: Int) -> Picture {
    precondition(border >= 0)
    var result = Picture(height: height + 2 * border, width: width + 2 * border, color)
    result.draw(self, row: border, column: border)
    return result
  }
}
