extension Picture {
  /// This picture with a border around it.
  package func framed(_ colour: ColourMap.Colour, width border: Int) -> Picture {
    precondition(border >= 0)
    var result = Picture(height: height + 2 * border, width: width + 2 * border, colour)
    result.draw(self, row: border, column: border)
    return result
  }
}
