package import Compute
package import Datasets

/// The objective of a linear model: half the sum of the squared weights, plus C times the sum of the cross-entropies.
///
/// Features are centered: scores are w · (x - center) + b. The intercepts of uncentered features follow from these.
package final class LinearObjective {
  /// The classes that training images have, ascending. A class without images has no best intercept: its losses
  /// approach 0 as the intercept approaches negative infinity.
  package let classes: [Int]
  private let strength: Double
  private let loss: CrossEntropy
  private let bound: CurvatureBound
  /// (features + 1, padded)
  private let coordinates, weights, slopes: AlignedBuffer<Float>
  /// (features + 1, padded)
  private let gradient: AlignedBuffer<Double>
  /// The largest derivative of the objective with respect to a weight or an intercept of uncentered features, divided
  /// by C and the number of images, at the position of the last evaluation.
  package private(set) var slope = 0.0

  private var features: Int { loss.rows.features }
  private var padded: Int { loss.padded }
  /// The number of coordinates: (features + 1) times the number of classes, rounded up to a multiple of 16.
  package var count: Int { (features + 1) * padded }

  /// - Parameters:
  ///   - images: at least one
  ///   - strength: C
  ///   - progress: called from time to time; throws to stop
  package init(
    of images: LabeledImages, strength: Double, on context: ComputeContext, progress: () throws -> Void
  ) rethrows {
    classes = Set(images.labels).sorted().map { Int($0) }
    self.strength = strength
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    loss = CrossEntropy(
      ImageRows(images: images, center: Self.mean(of: images)), labels: images.labels.map { places[Int($0)]! },
      classes: classes.count, on: context)
    bound = try CurvatureBound(of: images, strength: strength, on: context, progress: progress)
    let count = (images.shape.count + 1) * loss.padded
    coordinates = AlignedBuffer(count: count)
    weights = AlignedBuffer(count: count)
    slopes = AlignedBuffer(count: count)
    gradient = AlignedBuffer(count: count)
  }

  /// Returns the mean of each feature, pixels / 255: (features).
  private static func mean(of images: LabeledImages) -> [Float] {
    let features = images.shape.count
    var sums = [Int](repeating: 0, count: features)
    images.pixels.withUnsafeBufferPointer { pixels in
      for image in 0..<images.count {
        for feature in 0..<features { sums[feature] += Int(pixels[image * features + feature]) }
      }
    }
    return sums.map { Float(Double($0) / (255 * Double(images.count))) }
  }

  /// Returns the objective and its gradient at a position in the coordinates of the curvature bound: (count).
  package func evaluate(_ position: [Double]) -> LimitedMemoryBFGS.Point {
    move(to: position)
    var value = strength * loss.evaluate(weights.pointer, gradient: gradient.pointer)
    var squares = 0.0
    for place in 0..<features * padded {
      let weight = Double(weights.pointer[place])
      squares += weight * weight
      gradient.pointer[place] = strength * gradient.pointer[place] + weight
    }
    for place in features * padded..<count { gradient.pointer[place] *= strength }
    value += squares / 2
    slope = largestDerivative() / (strength * Double(loss.rows.images.count))
    for place in 0..<count { slopes.pointer[place] = Float(gradient.pointer[place]) }
    bound.gradient(of: slopes.pointer, padded: padded, into: coordinates.pointer)
    return LimitedMemoryBFGS.Point(
      position: position, value: value, gradient: coordinates.elements.map { Double($0) })
  }

  private func move(to position: [Double]) {
    for place in 0..<count { coordinates.pointer[place] = Float(position[place]) }
    bound.weights(of: coordinates.pointer, padded: padded, into: weights.pointer)
  }

  private func largestDerivative() -> Double {
    let intercepts = gradient.pointer + features * padded
    var largest = 0.0
    for label in 0..<loss.classes {
      largest = max(largest, abs(intercepts[label]))
      for feature in 0..<features {
        let centered = gradient.pointer[feature * padded + label]
        largest = max(largest, abs(centered + Double(loss.rows.center[feature]) * intercepts[label]))
      }
    }
    return largest
  }

  /// Returns the weights (classes, features) and the intercepts (classes) of uncentered features at a position.
  func model(at position: [Double]) -> (weights: [Float], intercepts: [Float]) {
    move(to: position)
    let rows = (0..<loss.classes).map { label in (0..<features).map { weights.pointer[$0 * padded + label] } }
    let intercepts = rows.enumerated().map { label, row in
      Float(
        zip(row, loss.rows.center).reduce(Double(weights.pointer[features * padded + label])) {
          $0 - Double($1.0) * Double($1.1)
        })
    }
    return (rows.flatMap { $0 }, intercepts)
  }
}
