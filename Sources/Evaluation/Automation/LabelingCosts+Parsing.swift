internal import Foundation

extension LabelingCosts.Pair {
  /// Parses a text such as `Shirt:T-shirt/top=5`: the true class, the predicted class, and the cost.
  ///
  /// Class names may contain any character but `=`, including colons: the text is split at the only colon with a known
  /// name on each side. Spaces around names and numbers are ignored.
  ///
  /// - Parameter classNames: by label
  /// - Throws: ``LabelingCostsError``
  package init(parsing text: String, classNames: [String]) throws(LabelingCostsError) {
    guard let equals = text.lastIndex(of: "=") else { throw .noEqualsSign(text) }
    func trimmed(_ part: Substring) -> String { part.trimmingCharacters(in: .whitespaces) }
    let names = text[..<equals]
    let readings = names.indices.filter { names[$0] == ":" }.compactMap { colon -> (truth: Int, prediction: Int)? in
      guard let truth = classNames.firstIndex(of: trimmed(names[..<colon])),
        let prediction = classNames.firstIndex(of: trimmed(names[names.index(after: colon)...]))
      else { return nil }
      return (truth, prediction)
    }
    guard let reading = readings.first else { throw .unknownPair(trimmed(names), classNames: classNames) }
    guard readings.count == 1 else {
      throw .ambiguousPair(
        trimmed(names),
        readings: readings.map { "\(classNames[$0.truth]) predicted to be \(classNames[$0.prediction])" })
    }
    let number = trimmed(text[text.index(after: equals)...])
    guard let cost = Double(number), cost >= 0, cost.isFinite else { throw .notACost(number) }
    self.init(truth: reading.truth, prediction: reading.prediction, cost: cost)
  }
}
