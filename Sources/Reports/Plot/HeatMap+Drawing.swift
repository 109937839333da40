extension HeatMap {
  /// The maximum length of the longer side of the matrix, and the bounds of the side of a cell, in pixels.
  private static let side = 540.0
  private static let cellSides = 2.0...46.0
  /// With more cells than this, the matrix is one raster image, which takes far fewer bytes.
  private static let maxSingleCells = 1024
  private static let longestName = 130.0
  private static let titleHeight = 52.0

  package var summary: String {
    let range = Bounds(values).range
    let text = range.map {
      "from \(scale.axis.format.text($0.lowerBound)) to \(scale.axis.format.text($0.upperBound))"
    }
    return "Matrix of \(scale.title), \(rows.count) rows (\(vertical.title)) by \(columns.count) columns "
      + "(\(horizontal.title)), \(text ?? "no values")."
  }

  package var svg: SVG {
    let cell = cellSide
    let left = Self.nameWidth(rows) + 10
    let (width, height) = (Double(columns.count) * cell, Double(rows.count) * cell)
    let isSlanted = columns.contains { PlotText.width($0) > cell - 6 }
    let namesHeight = columns.isEmpty ? 0 : isSlanted ? Self.nameWidth(columns) * 0.72 + 16 : 20
    let total = max(left + width + 24, 340)
    var content = [
      PlotFrame.title(title, width: total), PlotText.label(vertical.title, x: 0, y: 42),
      PlotText.label(horizontal.title, x: left + width, y: Self.titleHeight + height + namesHeight + 16, .end),
    ]
    if values.isEmpty {
      content.append(PlotText.label("no data", x: left, y: Self.titleHeight + 14))
    } else if values.count <= Self.maxSingleCells {
      content += cells(left, cell)
    } else {
      content.append(raster(left, cell))
    }
    content += names(left, cell, isSlanted: isSlanted)
    let scaleTop = Self.titleHeight + height + namesHeight + 30
    content += scale.strip(Bounds(values), left: left, top: scaleTop, width: max(160, min(width, 280)))
    return SVG(
      width: max(total, left + 190), height: scaleTop + ColorScale.stripHeight, title: title, summary: summary,
      content: content)
  }

  private var cellSide: Double {
    let side = Self.side / Double(max(1, rows.count, columns.count))
    return min(max(side, Self.cellSides.lowerBound), Self.cellSides.upperBound)
  }

  /// The width of the names, in pixels.
  private static func nameWidth(_ names: [String]) -> Double {
    min(names.map { PlotText.width($0) }.max() ?? 0, longestName)
  }

  private func color(_ value: Double, _ colors: AxisScale) -> ColorMap.Color? {
    colors.fraction(value).map(scale.map.color)
  }

  /// A rectangle for each cell, with its text if all texts fit.
  private func cells(_ left: Double, _ cell: Double) -> [Markup] {
    let colors = scale.scale(Bounds(values))
    let texts = self.texts.isEmpty ? values.map(scale.axis.format.text) : self.texts
    let fitting = [12.0, 10.0].first { size in
      cell >= size + 4 && texts.allSatisfy { PlotText.width($0, size: size) <= cell - 3 }
    }
    return values.indices.flatMap { index -> [Markup] in
      let (row, column) = index.quotientAndRemainder(dividingBy: columns.count)
      let (x, y) = (left + Double(column) * cell, Self.titleHeight + Double(row) * cell)
      let color = color(values[index], colors)
      // Large cells are separated by a gap of one pixel, which would dominate between small cells.
      let side = cell > 12 ? cell - 1 : cell
      let shape = Markup(
        "rect",
        [
          "x": x.coordinate, "y": y.coordinate, "width": side.coordinate, "height": side.coordinate,
          "fill": color?.code, "class": color == nil ? "plot-missing" : nil,
        ], [Markup("title", text: "\(rows[row]), \(columns[column]): \(texts[index])")])
      guard let fitting, !texts[index].isEmpty else { return [shape] }
      let style = (color?.luminance ?? 0.5) < 0.18 ? "plot-on-dark" : "plot-on-light"
      let label = PlotText.label(
        texts[index], x: x + side / 2, y: y + side / 2 + fitting * 0.36, .middle,
        style: fitting < 12 ? style + " plot-small" : style)
      return [shape, label]
    }
  }

  private func raster(_ left: Double, _ cell: Double) -> Markup {
    let colors = scale.scale(Bounds(values))
    let pixels = values.flatMap { value in
      let color = color(value, colors) ?? ColorMap.Color(0xb4bbc2)
      return [color.red, color.green, color.blue]
    }
    return Markup(
      "image",
      [
        "x": left.coordinate, "y": Self.titleHeight.coordinate, "width": (Double(columns.count) * cell).coordinate,
        "height": (Double(rows.count) * cell).coordinate, "preserveAspectRatio": "none",
        "style": "image-rendering:pixelated",
        "href": Picture(height: rows.count, width: columns.count, pixels: pixels).dataAddress,
      ])
  }

  /// The names beside the rows and below the columns: all of them, or every second, fifth, … if there is not enough
  /// room.
  private func names(_ left: Double, _ cell: Double, isSlanted: Bool) -> [Markup] {
    let stride = Self.stride(cell)
    let bottom = Self.titleHeight + Double(rows.count) * cell
    var parts: [Markup] = []
    for (place, name) in rows.enumerated() where place.isMultiple(of: stride) {
      parts.append(
        PlotText.label(
          PlotText.truncated(name, width: Self.longestName), x: left - 8,
          y: Self.titleHeight + (Double(place) + 0.5) * cell + 4, .end))
    }
    for (place, name) in columns.enumerated() where place.isMultiple(of: stride) {
      let (x, text) = (left + (Double(place) + 0.5) * cell, PlotText.truncated(name, width: Self.longestName))
      parts.append(
        isSlanted
          ? PlotText.label(text, x: x + 4, y: bottom + 14, .end, rotation: -45)
          : PlotText.label(text, x: x, y: bottom + 16, .middle))
    }
    return parts
  }

  private static func stride(_ cell: Double) -> Int {
    [1, 2, 5, 10, 20].first { Double($0) * cell >= 14 } ?? 50
  }
}
