/// Minimizes a smooth, convex function by the limited-memory BFGS method (Liu and Nocedal, Mathematical Programming 45,
/// 1989), with a line search for the weak Wolfe conditions by bisection. All sums have a fixed order.
package struct LimitedMemoryBFGS {
  /// A point with the value and the gradient of the function.
  package struct Point: Sendable {
    package var position: [Double]
    package var value: Double
    package var gradient: [Double]

    package init(position: [Double], value: Double, gradient: [Double]) {
      (self.position, self.value, self.gradient) = (position, value, gradient)
    }
  }

  /// The number of pairs of steps and changes of the gradient from which the curvature is estimated.
  static let memory = 10

  private var steps: [[Double]] = []
  private var changes: [[Double]] = []
  /// The inner product of each step and change.
  private var products: [Double] = []

  /// Returns the last point.
  ///
  /// - Parameters:
  ///   - start: the initial position
  ///   - evaluate: returns the point at a position
  ///   - isDone: called with each new point; returns true to stop. The search also stops when rounding errors hide any
  ///     further decrease.
  package static func minimize(
    from start: [Double], evaluate: ([Double]) -> Point, isDone: (Point) throws -> Bool
  ) rethrows -> Point {
    var solver = LimitedMemoryBFGS()
    var point = evaluate(start)
    while try !isDone(point) {
      var found = solver.search(from: point, evaluate)
      if found == nil, !solver.steps.isEmpty {
        // The estimated curvature may be wrong: try the direction of the gradient.
        solver = LimitedMemoryBFGS()
        found = solver.search(from: point, evaluate)
      }
      guard let next = found else { break }
      solver.learn(from: point, to: next)
      point = next
    }
    return point
  }

  /// Returns a point that satisfies the Wolfe conditions, or nil if there is none within the precision of the values.
  private func search(from point: Point, _ evaluate: ([Double]) -> Point) -> Point? {
    let direction = direction(point.gradient)
    let slope = dot(direction, point.gradient)
    guard slope < 0 else { return nil }
    // Values are sums of losses in single precision; smaller increases are rounding errors.
    let noise = abs(point.value) * 0x1p-24
    var (low, high, length) = (0.0, Double.infinity, 1.0)
    for _ in 0..<30 {
      var position = point.position
      add(direction, times: length, to: &position)
      let next = evaluate(position)
      // A value that is not a number counts as an increase.
      if !(next.value <= point.value + 1e-4 * length * slope + noise) {
        high = length
      } else if dot(direction, next.gradient) < 0.9 * slope {
        low = length
      } else {
        return next
      }
      length = high == .infinity ? 2 * length : (low + high) / 2
    }
    return nil
  }

  /// Returns the direction of the quasi-Newton step.
  private func direction(_ gradient: [Double]) -> [Double] {
    var direction = gradient
    var factors = [Double](repeating: 0, count: steps.count)
    for index in steps.indices.reversed() {
      factors[index] = dot(steps[index], direction) / products[index]
      add(changes[index], times: -factors[index], to: &direction)
    }
    let scale = products.last.map { $0 / dot(changes.last!, changes.last!) } ?? 1
    for place in direction.indices { direction[place] *= -scale }
    for index in steps.indices {
      add(steps[index], times: -factors[index] - dot(changes[index], direction) / products[index], to: &direction)
    }
    return direction
  }

  /// Stores a step and the change of the gradient.
  private mutating func learn(from point: Point, to next: Point) {
    let (step, change) = (difference(next.position, point.position), difference(next.gradient, point.gradient))
    let product = dot(step, change)
    guard product > 0 else { return }
    if steps.count == Self.memory {
      steps.removeFirst()
      changes.removeFirst()
      products.removeFirst()
    }
    steps.append(step)
    changes.append(change)
    products.append(product)
  }

  private func difference(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }

  private func add(_ values: [Double], times factor: Double, to sum: inout [Double]) {
    for place in sum.indices { sum[place] += values[place] * factor }
  }

  /// Returns the inner product, as eight partial sums by position modulo 8, added pairwise (4, 2, 1 apart).
  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sums = SIMD8<Double>()
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        let stride = MemoryLayout<SIMD8<Double>>.size
        var offset = 0
        while offset + stride <= a.count {
          sums +=
            a.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
            * b.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
          offset += stride
        }
      }
    }
    let four = sums.lowHalf + sums.highHalf
    let two = four.lowHalf + four.highHalf
    var sum = two.x + two.y
    for place in a.count / 8 * 8..<a.count { sum += a[place] * b[place] }
    return sum
  }
}
