internal import Datasets

/// How far classes are from each other, against how far images are from their own class's mean.
///
/// Distances are Euclidean, between images as vectors of bytes.
package struct ClassSpread: Sendable, Equatable, Codable {
  /// (classes, classes): between mean pictures; nil where a class has no images.
  package let distances: [[Double?]]
  /// By label: the root of the mean squared distance of its images from their mean; nil for a class without images.
  package let radii: [Double?]
  /// The mean over images of the squared distance from the image to its class's mean.
  package let within: Double
  /// The mean over images of the squared distance from the class's mean to the mean of all.
  package let between: Double

  /// The share of all variance that lies between classes, from 0 to 1 (eta squared); 0 if all images are the same.
  package var betweenShare: Double { within + between > 0 ? between / (within + between) : 0 }

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
      let share = Double(moments.counts[label]) / total
      within += share * variance
      between += share * Self.squaredDistance(mean, grandMean)
    }
    (self.within, self.between) = (within, between)
  }

  private static func squaredDistance(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
