/// The costs of wrong labels and of manual labeling, in the user's currency.
package struct LabelingCosts: Sendable, Equatable, Codable {
  /// The cost of one kind of error, where it differs from ``LabelingCosts/costError``.
  package struct Pair: Sendable, Equatable, Codable {
    package let truth: Int
    package let prediction: Int
    package let cost: Double

    package init(truth: Int, prediction: Int, cost: Double) {
      (self.truth, self.prediction, self.cost) = (truth, prediction, cost)
    }
  }

  /// The cost of a wrong label that goes unnoticed.
  package let costError: Double
  /// The cost of labeling one item manually. Manual labels are assumed to be correct; add the cost of human errors
  /// where there are any.
  package let costReview: Double
  package let pairs: [Pair]

  /// - Throws: ``LabelingCostsError`` if a cost is negative or not finite, or if a pair is repeated or consists of one
  ///   class.
  package init(costError: Double, costReview: Double, pairs: [Pair] = []) throws(LabelingCostsError) {
    for cost in [costError, costReview] + pairs.map(\.cost) where !(cost >= 0 && cost.isFinite) {
      throw .notACost("\(cost)")
    }
    for (index, pair) in pairs.enumerated() {
      if pair.truth == pair.prediction { throw .rightLabel(pair.truth) }
      if pairs[..<index].contains(where: { $0.truth == pair.truth && $0.prediction == pair.prediction }) {
        throw .repeated(truth: pair.truth, prediction: pair.prediction)
      }
    }
    (self.costError, self.costReview, self.pairs) = (costError, costReview, pairs)
  }

  /// Returns the cost of labeling each image automatically: zero if the label is correct.
  func errorCosts(_ predictions: Predictions) -> [Double] {
    var costs = [Double](repeating: costError, count: predictions.classCount * predictions.classCount)
    for label in 0..<predictions.classCount { costs[label * predictions.classCount + label] = 0 }
    for pair in pairs where pair.truth < predictions.classCount && pair.prediction < predictions.classCount {
      costs[pair.truth * predictions.classCount + pair.prediction] = pair.cost
    }
    return zip(predictions.labels, predictions.predicted).map { costs[Int($0) * predictions.classCount + Int($1)] }
  }
}

/// An error in the specification of the costs.
package enum LabelingCostsError: Error, Equatable, CustomStringConvertible {
  case notACost(String)
  case noEqualsSign(String)
  case unknownPair(String, classNames: [String])
  case ambiguousPair(String, readings: [String])
  case rightLabel(Int)
  case repeated(truth: Int, prediction: Int)

  package var description: String {
    switch self {
    case .notACost(let text): "invalid cost \"\(text)\": expected a non-negative number"
    case .noEqualsSign(let text): "\"\(text)\" has no cost: expected TRUE CLASS:PREDICTED CLASS=COST"
    case .unknownPair(let text, let classNames):
      """
      "\(text)" does not name two classes: expected TRUE CLASS:PREDICTED CLASS=COST; the classes are \
      \(classNames.joined(separator: ", "))
      """
    case .ambiguousPair(let text, let readings):
      "\"\(text)\" is ambiguous: \(readings.joined(separator: "; "))"
    case .rightLabel(let label): "invalid cost of class \(label) predicted correctly: correct labels cost nothing"
    case .repeated(let truth, let prediction):
      "the cost of predicting class \(prediction) for class \(truth) is given twice"
    }
  }
}
