/// The points of a curve that are worth drawing: those from which straight lines to the next ones stray least from the curve.
///
/// The first and last points are kept; then, again and again, the point that lies furthest from the line that stands for it, until
/// no point is further than `tolerance`, or there are `limit` (Ramer, "An iterative procedure for the polygonal approximation of
/// plane curves", 1972; Douglas and Peucker, 1973).
///
/// - Parameters:
///   - limit: at least 2
///   - tolerance: a curve within 0...1 drawn 500 pixels wide changes by a quarter of a pixel
///   - position: coordinates, on comparable scales
func thinned<Point>(
  _ curve: [Point], to limit: Int, tolerance: Double = 0.0005, position: (Point) -> SIMD4<Double>
) -> [Point] {
  guard curve.count > 2 else { return curve }
  let positions = curve.map(position)
  /// A part of the curve that a line stands for, and its point that strays most.
  typealias Part = (first: Int, last: Int, furthest: Int, distance: Double)
  func part(_ first: Int, _ last: Int) -> Part {
    var worst: Part = (first, last, first, 0)
    for middle in first + 1..<max(last, first + 1) {
      let distance = distanceSquared(positions[middle], fromLine: positions[first], to: positions[last])
      if distance > worst.distance { (worst.furthest, worst.distance) = (middle, distance) }
    }
    return worst
  }
  var kept = [0, curve.count - 1]
  var parts = [part(0, curve.count - 1)]
  while kept.count < limit {
    let worst = parts.indices.max { (parts[$0].distance, parts[$1].first) < (parts[$1].distance, parts[$0].first) }!
    let (first, last, furthest, distance) = parts[worst]
    if distance <= tolerance * tolerance { break }
    kept.append(furthest)
    parts[worst] = part(first, furthest)
    parts.append(part(furthest, last))
  }
  return kept.sorted().map { curve[$0] }
}

/// The square of a point's distance from a line between two others (from the nearest point of it, not beyond its ends).
private func distanceSquared(_ point: SIMD4<Double>, fromLine start: SIMD4<Double>, to end: SIMD4<Double>) -> Double {
  let line = end - start
  let length = (line * line).sum()
  let along = length > 0 ? min(max(((point - start) * line).sum() / length, 0), 1) : 0
  let offset = point - (start + line * along)
  return (offset * offset).sum()
}
