internal import Datasets

/// The distances between classes, compared with the spread within classes.
///
/// Distances are Euclidean, between images as vectors of bytes.
package struct ClassSpread: Sendable, Equatable, Codable {
  /// (classes, classes) The distances between class means; nil for classes without images.
  package let distances: [[Double?]]
  /// The root mean square distance of the images of a class from their mean, by label; nil for a class without images.
  package let radii: [Double?]
  /// The mean over the images of the squared distance to the class mean.
  package let within: Double
  /// The mean over the images of the squared distance from the class mean to the overall mean.
  package let between: Double

  /// The fraction of the variance between classes, from 0 to 1 (eta squared); 0 if all images are identical.
  package var betweenFraction: Double { within + between > 0 ? between / (within + between) : 0 }

  init(_ moments: ClassMoments) {
    let labels = moments.counts.indices
    let total = Double(max(moments.counts.reduce(0, +), 1))
    let means = labels.map { moments.counts[$0] > 0 ? moments.mean($0) : nil }
    let variances = labels.map { moments.counts[$0] > 0 ? moments.variance($0).reduce(0, +) : nil }
    distances = means.map { first in
      means.map { second in
        guard let first, let second else { return nil }
        return Self.squaredDistance(first, second).squareRoot()
      }
    }
    radii = variances.map { $0?.squareRoot() }
    let length = moments.shape.count
    let grandMean = (0..<length).map { place in
      Double(labels.reduce(0) { $0 + moments.sums[$1 * length + place] }) / total
    }
    var (within, between) = (0.0, 0.0)
    for label in labels {
      guard let mean = means[label], let variance = variances[label] else { continue }
      let fraction = Double(moments.counts[label]) / total
      within += fraction * variance
      between += fraction * Self.squaredDistance(mean, grandMean)
    }
    (self.within, self.between) = (within, between)
  }

  private static func squaredDistance(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
