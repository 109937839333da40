/// Symbols of points: groups differ by more than color.
enum PlotSymbol: Int, CaseIterable {
  case dot, square, triangle, diamond, cross

  init(_ group: Int) { self = Self.allCases[group % Self.allCases.count] }

  func draw(_ x: Double, _ y: Double, in path: inout SVGPath) {
    path.move(x, y)
    let r = 3.0
    switch self {
    case .dot: path.horizontal(x)
    case .square: path.rectangle(x - r, y - r, width: 2 * r, height: 2 * r)
    case .triangle: polygon([(0, -r - 0.5), (r + 0.5, r), (-r - 0.5, r)])
    case .diamond: polygon([(0, -r - 1), (r + 1, 0), (0, r + 1), (-r - 1, 0)])
    case .cross:
      path.move(x - r, y - r)
      path.line(x + r, y + r)
      path.move(x - r, y + r)
      path.line(x + r, y - r)
    }
    func polygon(_ corners: [(Double, Double)]) {
      path.move(x + corners[0].0, y + corners[0].1)
      for corner in corners.dropFirst() { path.line(x + corner.0, y + corner.1) }
      path.close()
    }
  }

  /// The classes of a path with this symbol.
  func style(_ group: Int) -> String {
    (self == .dot ? "plot-dot" : "plot-mark") + " plot-s\(group % PlotStyle.colors)"
  }
}
