package import Datasets

/// The number of images of each class, and the majority-class baseline.
package struct ClassBalance: Sendable, Equatable, Codable {
  /// The number of training images, by label.
  package let train: [Int]
  /// The number of test images, by label.
  package let test: [Int]
  /// The ratio of the largest to the smallest class in training images; nil if a class has none.
  package let largestToSmallest: Double?
  /// The majority-class baseline: the accuracy on the test images of always predicting the class with the most training
  /// images. Nil without test images.
  package let majorityAccuracy: Double?

  package init(_ summary: DatasetSummary) {
    (train, test) = (summary.train.classCounts, summary.test.classCounts)
    let (largest, smallest) = (train.max() ?? 0, train.min() ?? 0)
    largestToSmallest = smallest > 0 ? Double(largest) / Double(smallest) : nil
    let majority = train.firstIndex(of: largest) ?? 0
    majorityAccuracy = summary.test.images > 0 ? Double(test[majority]) / Double(summary.test.images) : nil
  }
}
