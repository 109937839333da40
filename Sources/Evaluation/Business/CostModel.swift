/// What mistakes and a person's time cost, in the user's own money.
package struct CostModel: Sendable, Equatable, Codable {
  /// What it costs to take one class for another, where that differs from ``CostModel/costError``.
  package struct Pair: Sendable, Equatable, Codable {
    package let truth: Int
    package let prediction: Int
    package let cost: Double

    package init(truth: Int, prediction: Int, cost: Double) {
      (self.truth, self.prediction, self.cost) = (truth, prediction, cost)
    }
  }

  /// A wrong label that nobody sees.
  package let costError: Double
  /// A person labels one item. That label is taken to be right: people err as well, so where they do, add what it costs.
  package let costReview: Double
  package let pairs: [Pair]

  /// - Throws: ``CostModelError`` if a cost is negative or not a number, or a pair comes twice or is a class with itself.
  package init(costError: Double, costReview: Double, pairs: [Pair] = []) throws(CostModelError) {
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

  /// What each image costs if it is labeled automatically: nothing, if rightly.
  func errorCosts(_ predictions: Predictions) -> [Double] {
    var costs = [Double](repeating: costError, count: predictions.classCount * predictions.classCount)
    for label in 0..<predictions.classCount { costs[label * predictions.classCount + label] = 0 }
    for pair in pairs where pair.truth < predictions.classCount && pair.prediction < predictions.classCount {
      costs[pair.truth * predictions.classCount + pair.prediction] = pair.cost
    }
    return zip(predictions.labels, predictions.predicted).map { costs[Int($0) * predictions.classCount + Int($1)] }
  }
}

/// Why costs cannot be used.
package enum CostModelError: Error, Equatable, CustomStringConvertible {
  case notACost(String)
  case noEqualsSign(String)
  case unknownPair(String, classNames: [String])
  case ambiguousPair(String, readings: [String])
  case rightLabel(Int)
  case repeated(truth: Int, prediction: Int)

  package var description: String {
    switch self {
    case .notACost(let text): "\"\(text)\" is no cost: give a number that is not negative"
    case .noEqualsSign(let text): "\"\(text)\" has no cost: write TRUE CLASS:PREDICTED CLASS=COST"
    case .unknownPair(let text, let classNames):
      "\"\(text)\" does not name two classes: write TRUE CLASS:PREDICTED CLASS=COST; the classes are \(classNames.joined(separator: ", "))"
    case .ambiguousPair(let text, let readings):
      "\"\(text)\" can be read in several ways: \(readings.joined(separator: "; "))"
    case .rightLabel(let label): "class \(label) taken for itself is no mistake, and costs nothing"
    case .repeated(let truth, let prediction):
      "the cost of taking class \(truth) for class \(prediction) is given twice"
    }
  }
}
