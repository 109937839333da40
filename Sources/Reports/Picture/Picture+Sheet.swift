extension Picture {
  /// Pictures side by side, row after row, with a gap around each.
  /// - Parameters:
  ///   - pictures: not empty; a smaller one is in the middle of its place.
  ///   - columns: how many in a row.
  ///   - gap: in pixels.
  package static func sheet(
    _ pictures: [Picture], columns: Int, gap: Int = 2, background: ColourMap.Colour = .init(0x808080)
  ) -> Picture {
    precondition(!pictures.isEmpty && columns >= 1 && gap >= 0)
    let columns = min(columns, pictures.count)
    let rows = (pictures.count + columns - 1) / columns
    let height = (pictures.map(\.height).max() ?? 1) + gap
    let width = (pictures.map(\.width).max() ?? 1) + gap
    var sheet = Picture(height: rows * height + gap, width: columns * width + gap, background)
    for (place, picture) in pictures.enumerated() {
      sheet.draw(
        picture, row: place / columns * height + gap + (height - gap - picture.height) / 2,
        column: place % columns * width + gap + (width - gap - picture.width) / 2)
    }
    return sheet
  }
}
