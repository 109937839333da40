package import Compute
package import Datasets
internal import Foundation
package import Models
package import Progress

/// The metrics of a model's probabilities on labeled images.
///
/// Metrics are sums in the order of the images, so they are the same on any number of threads. Only ``logLoss`` calls
/// the C library's logarithm, and may differ in its last digits between systems; no model and no digest depends on it.
package struct Evaluation: Sendable, Equatable, Codable {
  package let images: Int
  /// The fraction of images whose class is the most probable one; of equally probable classes, the lowest counts.
  package let accuracy: Double
  /// The fraction of images whose class is among the two most probable ones.
  package let top2Accuracy: Double
  package let top3Accuracy: Double
  /// The mean of -ln p, where p is the probability of the true class, at least ``leastProbability``.
  package let logLoss: Double
  /// The mean over images of the sum over classes of (probability - truth)^2, from 0 to 2 (Brier, "Verification of
  /// forecasts expressed in terms of probability", 1950).
  package let brierScore: Double
  /// The mean difference between confidence and accuracy: see ``Evaluation/calibrationError(_:)``.
  package let expectedCalibrationError: Double
  package let classNames: [String]
  /// Measures by label. Divisions by zero give 0, as in scikit-learn with `zero_division=0`, so all measures of a class
  /// that is absent from ``confusion`` are 0.
  package let classes: [ClassMeasures]
  /// The unweighted mean recall of the classes that have images, like scikit-learn's `balanced_accuracy_score`.
  package let balancedAccuracy: Double
  /// The unweighted mean over the classes that labels or predictions contain, like scikit-learn's `macro` averages.
  package let macroAverage: ClassMeasures
  /// The mean over classes, weighted by their numbers of images.
  package let weightedAverage: ClassMeasures
  package let confusion: ConfusionMatrix

  /// The lower bound of probabilities in logarithms, like scikit-learn's for 32-bit numbers.
  static let leastProbability = 0x1p-23

  /// - Parameters:
  ///   - probabilities: (labels.count, classNames.count)
  ///   - labels: each below `classNames.count`; at least one
  /// - Throws: ``EvaluationError`` if a probability is not a number from 0 to 1.
  package init(probabilities: [Float], labels: [UInt8], classNames: [String]) throws(EvaluationError) {
    let classCount = classNames.count
    precondition(!labels.isEmpty, "an evaluation needs at least one image")
    precondition(probabilities.count == labels.count * classCount, "probabilities and labels differ in number")
    try EvaluationError.check(probabilities, classCount: classCount)
    var predictions: [UInt8] = []
    var hits = [0, 0, 0]
    var (losses, squares) = (0.0, 0.0)
    var outcomes: [(confidence: Double, isCorrect: Bool)] = []
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
      outcomes.append((Double(confidence), rank == 0))
    }
    let count = Double(labels.count)
    let confusion = ConfusionMatrix(labels: labels, predictions: predictions, classCount: classCount)
    images = labels.count
    (accuracy, top2Accuracy, top3Accuracy) = (Double(hits[0]) / count, Double(hits[1]) / count, Double(hits[2]) / count)
    (logLoss, brierScore) = (losses / count, squares / count)
    expectedCalibrationError = Self.calibrationError(outcomes)
    self.classNames = classNames
    self.confusion = confusion
    classes = (0..<classCount).map { ClassMeasures(confusion, label: $0) }
    balancedAccuracy = confusion.balancedAccuracy
    let present = confusion.presentLabels.map { [classes] in classes[$0] }
    macroAverage = ClassMeasures(meanOf: present, weights: present.map { _ in 1 })
    weightedAverage = ClassMeasures(
      meanOf: classes, weights: (0..<classCount).map { Double(confusion.support($0)) })
  }

  /// Evaluates a model on images of its shape.
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; errors of the prediction.
  package init(
    of model: any Classifier, on images: LabeledImages, classNames: [String], context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let probabilities = try model.probabilities(for: images, on: context, progress: progress)
    try self.init(probabilities: probabilities, labels: images.labels, classNames: classNames)
  }
}

/// The reason why a model cannot be evaluated.
package enum EvaluationError: Error, Equatable, CustomStringConvertible {
  case notAProbability(Float, image: Int, label: Int)

  /// Checks that probabilities are numbers from 0 to 1, up to rounding.
  /// - Parameter probabilities: (images, classCount)
  /// - Throws: ``notAProbability(_:image:label:)`` for the first that is not.
  package static func check(_ probabilities: [Float], classCount: Int) throws(EvaluationError) {
    guard let index = probabilities.firstIndex(where: { !($0 >= 0 && $0 <= 1.001) }) else { return }
    throw .notAProbability(probabilities[index], image: index / classCount, label: index % classCount)
  }

  package var description: String {
    switch self {
    case .notAProbability(let value, let image, let label):
      "invalid probability \(value) of class \(label) for image \(image); the model may be damaged"
    }
  }
}
