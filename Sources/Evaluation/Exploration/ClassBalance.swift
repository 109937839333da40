package import Datasets

/// How many images each class has, and what that alone is worth.
package struct ClassBalance: Sendable, Equatable, Codable {
  /// By label.
  package let train: [Int]
  package let test: [Int]
  /// The training images of the largest class over those of the smallest; nil if a class has none.
  package let largestToSmallest: Double?
  /// The accuracy on the test images of always answering the class with the most training images: what a model must beat. nil without
  /// test images.
  package let majorityAccuracy: Double?

  package init(_ summary: DatasetSummary) {
    (train, test) = (summary.train.classCounts, summary.test.classCounts)
    let (largest, smallest) = (train.max() ?? 0, train.min() ?? 0)
    largestToSmallest = smallest > 0 ? Double(largest) / Double(smallest) : nil
    let majority = train.firstIndex(of: largest) ?? 0
    majorityAccuracy = summary.test.images > 0 ? Double(test[majority]) / Double(summary.test.images) : nil
  }
}
