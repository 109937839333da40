extension Picture {
  /// Arranges pictures in rows, with a gap around each.
  /// - Parameters:
  ///   - pictures: at least one; smaller pictures are centered in their cell.
  ///   - columns: the number of pictures per row
  ///   - gap: in pixels
  package static func sheet(
    _ pictures: [Picture], columns: Int, gap: Int = 2, background: ColorMap.Color = .init(0x808080)
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
