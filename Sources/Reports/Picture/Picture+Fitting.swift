extension Picture {
  /// By the whole factor, up or down, that brings the longer side near to a length.
  package func fitted(toward side: Int) -> Picture {
    let factor = Int((Double(max(height, width)) / Double(side)).rounded())
    return factor > 1 ? shrunk(by: factor) : scaled(toward: side)
  }

  /// Each square of so many pixels as one, which has their mean colour; at the right and lower edge, of those that there are.
  package func shrunk(by factor: Int) -> Picture {
    precondition(factor >= 1)
    let (rows, columns) = ((height + factor - 1) / factor, (width + factor - 1) / factor)
    var result: [UInt8] = []
    result.reserveCapacity(rows * columns * 3)
    for row in 0..<rows {
      let ys = row * factor..<min((row + 1) * factor, height)
      for column in 0..<columns {
        let xs = column * factor..<min((column + 1) * factor, width)
        for channel in 0..<3 {
          let sum = ys.reduce(0) { sum, y in xs.reduce(sum) { $0 + Int(pixels[(y * width + $1) * 3 + channel]) } }
          let count = ys.count * xs.count
          result.append(UInt8((sum + count / 2) / count))
        }
      }
    }
    return Picture(height: rows, width: columns, pixels: result)
  }

  /// This picture with a border around it.
  package func framed(_ colour: ColourMap.Colour, width border: Int) -> Picture {
    precondition(border >= 0)
    var result = Picture(height: height + 2 * border, width: width + 2 * border, colour)
    result.draw(self, row: border, column: border)
    return result
  }
}
