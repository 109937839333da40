import Compute
import Datasets
import Models
import Testing

@Suite struct LinearSolverTests {
  private func random(_ count: Int, _ key: UInt32) -> [Double] {
    (0..<count).map { Double(Philox.uniform(Philox.words(seed: 5, .test, key, UInt32($0)).x)) - 0.5 }
  }

  // MARK: Objective

  /// With 3 images, 60 features have no full matrix.
  @Test(arguments: [(40, 12, 3), (3, 60, 3), (70, 33, 17)])
  func gradientMatchesFiniteDifferences(count: Int, features: Int, classes: Int) {
    let images = randomImages(count, ImageShape(height: 1, width: features, channels: 1), classes: classes)
    let objective = LinearObjective(of: images, strength: 2, on: anyContext) {}
    let present = min(classes, count)
    let padded = (present + 15) / 16 * 16
    #expect(objective.count == (features + 1) * padded)
    var position = random(objective.count, 1)
    for place in position.indices where place % padded >= present { position[place] = 0 }
    let gradient = objective.evaluate(position).gradient
    let largest = gradient.reduce(0) { max($0, abs($1)) }
    for place in position.indices {
      func value(_ change: Double) -> Double {
        var moved = position
        moved[place] += change
        return objective.evaluate(moved).value
      }
      if place % padded >= present {
        #expect(gradient[place] == 0)
      } else if place % 7 == 0 || place >= features * padded {
        #expect(abs((value(0.02) - value(-0.02)) / 0.04 - gradient[place]) < 2e-3 * largest)
      }
    }
  }

  /// With two classes of equal probability, the bound of the curvature is exact: opposite coordinates of the classes have
  /// curvature 1, so the gradient changes by the position. Sizes are around the blocks of the factorization.
  @Test(arguments: [1, 2, 3, 4, 5, 31, 32, 33, 36, 37, 64, 65, 100], [1, 3])
  func curvatureIsOneForTwoClasses(features: Int, threads: Int) {
    let context = ComputeContext(threads: threads, instructionSet: .available.max()!)
    let images = randomImages(200, ImageShape(height: 1, width: features, channels: 1), classes: 2)
    let objective = LinearObjective(of: images, strength: 3, on: context) {}
    let before = objective.evaluate([Double](repeating: 0, count: objective.count)).gradient
    let half = random(features + 1, 2).map { $0 * 1e-2 }
    var position = [Double](repeating: 0, count: objective.count)
    for (feature, value) in half.enumerated() {
      (position[feature * 16], position[feature * 16 + 1]) = (value, -value)
    }
    let after = objective.evaluate(position).gradient
    for place in position.indices { #expect(abs(after[place] - before[place] - position[place]) < 1e-4) }
  }

  // MARK: Minimization

  private func minimize(
    _ start: [Double], steps: Int = 200, _ function: ([Double]) -> (Double, [Double])
  ) -> LimitedMemoryBFGS.Point {
    var count = 0
    return LimitedMemoryBFGS.minimize(from: start) {
      let (value, gradient) = function($0)
      return LimitedMemoryBFGS.Point(position: $0, value: value, gradient: gradient)
    } isDone: { _ in
      count += 1
      return count > steps
    }
  }

  @Test func minimizesQuadraticFunction() {
    let target = random(37, 3)
    let last = minimize([Double](repeating: 0, count: 37)) { x in
      let difference = zip(x, target).map { $0 - $1 }
      let gradient = difference.enumerated().map { Double(1 + $0) * $1 }
      return (1 + zip(difference, gradient).reduce(0) { $0 + $1.0 * $1.1 } / 2, gradient)
    }
    #expect(zip(last.position, target).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  /// The first step, of length 1, is too long; and the logarithm is not a number beyond 0.
  @Test func shortensStepsOutsideOfDomain() {
    func logarithm(_ x: Double) -> Double { x <= 0 ? .nan : x == 1 ? 0 : Self.series(x) }
    let last = minimize([0.5]) { (100 * $0[0] - logarithm($0[0]), [100 - 1 / $0[0]]) }
    #expect(abs(last.position[0] - 0.01) < 1e-4)
  }

  private static func series(_ x: Double) -> Double {
    var (x, power) = (x, 0.0)
    while x < 0.5 { (x, power) = (x * 2, power - 1) }
    while x > 1 { (x, power) = (x / 2, power + 1) }
    let s = (x - 1) / (x + 1)
    return power * 0.6931471805599453
      + stride(from: 1, to: 40, by: 2).reduce(0) { sum, exponent in
        sum + 2 * (0..<exponent).reduce(1) { product, _ in product * s } / Double(exponent)
      }
  }

  @Test func stopsAtMinimumAndAtInconsistentGradient() {
    var calls = 0
    let last = minimize([0, 0], steps: .max - 1) { _ in
      calls += 1
      return (1, [0, 0])
    }
    #expect(last.value == 1 && calls == 1)
    // Values that increase along the negative gradient.
    let wrong = minimize([1, 1], steps: .max - 1) { ($0[0] + $0[1], [-1, -1]) }
    #expect(wrong.position == [1, 1])
  }
}
