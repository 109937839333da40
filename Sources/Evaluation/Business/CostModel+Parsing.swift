internal import Foundation

extension CostModel.Pair {
  /// Reads what a person writes, as `Shirt:T-shirt/top=5`: the true class, the one that it is taken for, and the cost.
  ///
  /// Class names may hold any character but `=`, colons too: of all places where the text can be split at a colon, the one counts
  /// that leaves a known name on each side. Spaces around names and numbers do not count.
  ///
  /// - Parameter classNames: by label
  /// - Throws: ``CostModelError``, which says what is wrong with the text.
  package init(parsing text: String, classNames: [String]) throws(CostModelError) {
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
        trimmed(names), readings: readings.map { "\(classNames[$0.truth]) taken for \(classNames[$0.prediction])" })
    }
    let number = trimmed(text[text.index(after: equals)...])
    guard let cost = Double(number), cost >= 0, cost.isFinite else { throw .notACost(number) }
    self.init(truth: reading.truth, prediction: reading.prediction, cost: cost)
  }
}
