/// The number of images of each true class that were classified as each class.
package struct ConfusionMatrix: Sendable, Equatable, Codable {
  /// `counts[truth][prediction]`
  package private(set) var counts: [[Int]]

  /// - Parameters:
  ///   - labels: (images), each below `classCount`
  ///   - predictions: (images), each below `classCount`
  package init(labels: [UInt8], predictions: [UInt8], classCount: Int) {
    precondition(labels.count == predictions.count, "labels and predictions differ in number")
    counts = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
    for (label, prediction) in zip(labels, predictions) { counts[Int(label)][Int(prediction)] += 1 }
  }

  package var classCount: Int { counts.count }
  package var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }
  package var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

  /// Returns the number of images of a true class.
  package func support(_ label: Int) -> Int { counts[label].reduce(0, +) }

  /// Returns the number of images classified as a class.
  package func predicted(_ label: Int) -> Int { counts.reduce(0) { $0 + $1[label] } }

  /// The classes that occur among labels or predictions. Averages over classes exclude the others.
  var presentLabels: [Int] { counts.indices.filter { support($0) + predicted($0) > 0 } }

  /// The mean recall of the classes that have images, like scikit-learn's `balanced_accuracy_score`; 0 without images.
  package var balancedAccuracy: Double {
    let recalls = counts.indices.filter { support($0) > 0 }.map { ClassMeasures(self, label: $0).recall }
    return recalls.isEmpty ? 0 : recalls.reduce(0, +) / Double(recalls.count)
  }
}

/// Precision, recall and F1 of one class, or an average over classes.
package struct ClassMeasures: Sendable, Equatable, Codable {
  /// The fraction of the images classified as the class that belong to it; 0 if there are none.
  package let precision: Double
  /// The fraction of the images of the class that are classified correctly; 0 if there are none.
  package let recall: Double
  /// The harmonic mean of precision and recall; 0 if both are 0.
  package let f1: Double

  package init(_ confusion: ConfusionMatrix, label: Int) {
    let hits = Double(confusion.counts[label][label])
    let (predicted, support) = (Double(confusion.predicted(label)), Double(confusion.support(label)))
    precision = predicted > 0 ? hits / predicted : 0
    recall = support > 0 ? hits / support : 0
    f1 = hits > 0 ? 2 * hits / (predicted + support) : 0
  }

  /// Computes the weighted mean of each measure, or 0 if all weights are 0.
  package init(meanOf measures: [ClassMeasures], weights: [Double]) {
    let whole = weights.reduce(0, +)
    func mean(_ measure: (ClassMeasures) -> Double) -> Double {
      whole > 0 ? zip(measures, weights).reduce(0) { $0 + measure($1.0) * $1.1 } / whole : 0
    }
    (precision, recall, f1) = (mean(\.precision), mean(\.recall), mean(\.f1))
  }
}
