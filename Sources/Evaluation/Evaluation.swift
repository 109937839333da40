package import Compute
package import Datasets
internal import Foundation
package import Models

/// What a model's probabilities are worth on labeled images.
///
/// Measures are sums in the images' order, so they are the same on any number of threads. Only ``logLoss`` calls the C library's
/// logarithm, and may differ in its last digits between systems; no model and no digest depends on it.
package struct Evaluation: Sendable, Equatable, Codable {
  package let images: Int
  /// The share of images whose class is the most probable one; of equally probable classes, the lowest counts.
  package let accuracy: Double
  /// The share of images whose class is among the two most probable ones.
  package let top2Accuracy: Double
  package let top3Accuracy: Double
  /// The mean of -ln p, p being the probability of the right class, at least ``leastProbability``.
  package let logLoss: Double
  /// The mean, over images, of the sum, over classes, of (probability - truth)^2: from 0 to 2 (Brier, "Verification of forecasts
  /// expressed in terms of probability", 1950).
  package let brierScore: Double
  /// How far confidence and accuracy are apart: see ``Evaluation/calibrationError(_:)``.
  package let expectedCalibrationError: Double
  package let classNames: [String]
  /// By label. What cannot be divided is 0, as in scikit-learn with `zero_division=0`; of a class that ``confusion`` does not have, all.
  package let classes: [ClassMeasures]
  /// The mean recall of the classes that have images, each counted once; as scikit-learn's `balanced_accuracy_score`.
  package let balancedAccuracy: Double
  /// The mean over the classes that labels or predictions have, each counted once; as scikit-learn's averages named `macro`.
  package let macroAverage: ClassMeasures
  /// The mean over classes, each counted as often as it has images.
  package let weightedAverage: ClassMeasures
  package let confusion: ConfusionMatrix

  /// Smaller probabilities count as this one where logarithms are taken (as scikit-learn bounds 32-bit numbers).
  static let leastProbability = 0x1p-23

  /// - Parameters:
  ///   - probabilities: (labels.count, classNames.count)
  ///   - labels: each below `classNames.count`; at least one
  /// - Throws: ``EvaluationError`` if a probability is not a number from 0 to 1.
  package init(probabilities: [Float], labels: [UInt8], classNames: [String]) throws(EvaluationError) {
    let classCount = classNames.count
    precondition(!labels.isEmpty, "there are no images to judge by")
    precondition(probabilities.count == labels.count * classCount, "probabilities and labels differ in number")
    try EvaluationError.check(probabilities, classCount: classCount)
    var predictions: [UInt8] = []
    var hits = [0, 0, 0]
    var (losses, squares) = (0.0, 0.0)
    var judged: [(confidence: Double, isCorrect: Bool)] = []
    for (image, label) in labels.enumerated() {
      let row = probabilities[image * classCount..<(image + 1) * classCount]
      let truth = row[row.startIndex + Int(label)]
      let rank = row.indices.count { row[$0] > truth || (row[$0] == truth && $0 < row.startIndex + Int(label)) }
      for k in hits.indices where rank <= k { hits[k] += 1 }
      losses -= log(max(Double(truth), Self.leastProbability))
      for (other, probability) in row.enumerated() {
        let difference = Double(probability) - (other == Int(label) ? 1 : 0)
        squares += difference * difference
      }
      let confidence = row.max()!
      predictions.append(UInt8(row.firstIndex(of: confidence)! - row.startIndex))
      judged.append((Double(confidence), rank == 0))
    }
    let count = Double(labels.count)
    let confusion = ConfusionMatrix(labels: labels, predictions: predictions, classCount: classCount)
    images = labels.count
    (accuracy, top2Accuracy, top3Accuracy) = (Double(hits[0]) / count, Double(hits[1]) / count, Double(hits[2]) / count)
    (logLoss, brierScore) = (losses / count, squares / count)
    expectedCalibrationError = Self.calibrationError(judged)
    self.classNames = classNames
    self.confusion = confusion
    classes = (0..<classCount).map { ClassMeasures(confusion, label: $0) }
    balancedAccuracy = confusion.balancedAccuracy
    let present = confusion.presentLabels.map { [classes] in classes[$0] }
    macroAverage = ClassMeasures(meanOf: present, weights: present.map { _ in 1 })
    weightedAverage = ClassMeasures(
      meanOf: classes, weights: (0..<classCount).map { Double(confusion.support($0)) })
  }

  /// Judges a model by images of its shape.
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; what predicting throws.
  package init(
    of model: any Classifier, on images: LabeledImages, classNames: [String], context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let probabilities = try model.probabilities(for: images, on: context, progress: progress)
    try self.init(probabilities: probabilities, labels: images.labels, classNames: classNames)
  }
}

/// Why a model cannot be judged.
package enum EvaluationError: Error, Equatable, CustomStringConvertible {
  case notAProbability(Float, image: Int, label: Int)

  /// - Parameter probabilities: (images, classCount)
  /// - Throws: ``notAProbability(_:image:label:)`` for the first that is not a number from 0 to 1 (but for rounding).
  package static func check(_ probabilities: [Float], classCount: Int) throws(EvaluationError) {
    guard let index = probabilities.firstIndex(where: { !($0 >= 0 && $0 <= 1.001) }) else { return }
    throw .notAProbability(probabilities[index], image: index / classCount, label: index % classCount)
  }

  package var description: String {
    switch self {
    case .notAProbability(let value, let image, let label):
      "the model gives class \(label) of image \(image) the probability \(value); is the model damaged?"
    }
  }
}
