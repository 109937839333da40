/// Reduces a curve to the points that are needed to draw it.
///
/// The first and last points are kept. Then the point farthest from the line that approximates it is added repeatedly,
/// until no point is farther than `tolerance` or there are `limit` points (Ramer, "An iterative procedure for the
/// polygonal approximation of plane curves", 1972; Douglas and Peucker, 1973).
///
/// - Parameters:
///   - limit: at least 2
///   - tolerance: with the default, a curve within 0...1 drawn 500 pixels wide changes by a quarter of a pixel
///   - position: returns coordinates on comparable scales
func thinned<Point>(
  _ curve: [Point], to limit: Int, tolerance: Double = 0.0005, position: (Point) -> SIMD4<Double>
) -> [Point] {
  guard curve.count > 2 else { return curve }
  let positions = curve.map(position)
  /// A part of the curve approximated by a line, and the point farthest from it.
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

/// Returns the squared distance of a point from a line segment.
private func distanceSquared(_ point: SIMD4<Double>, fromLine start: SIMD4<Double>, to end: SIMD4<Double>) -> Double {
  let line = end - start
  let length = (line * line).sum()
  let along = length > 0 ? min(max(((point - start) * line).sum() / length, 0), 1) : 0
  let offset = point - (start + line * along)
  return (offset * offset).sum()
}
