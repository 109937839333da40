extension TreeExplanation {
  /// The path in plain words: a sentence for each step.
  package var sentences: [String] { steps.map(sentence) }

  private func sentence(_ step: Step) -> String {
    guard let comparison = step.comparison else { return leafSentence }
    let direction =
      comparison.goesLeft
      ? "at most \(comparison.threshold): go left" : "more than \(comparison.threshold): go right"
    return "\(comparison.pixel.name(in: shape)) is \(comparison.value), \(direction)"
  }

  /// More classes are summed up.
  private static let namedClasses = 3

  private var leafSentence: String {
    let present = classNames.indices.filter { leaf.classCounts[$0] > 0 }
      .sorted { (leaf.classCounts[$1], $0) < (leaf.classCounts[$0], $1) }
    let images = isBootstrapped ? "drawn training images" : "training images"
    let name = classNames[prediction]
    if present.count == 1 {
      return leaf.images == 1
        ? "the one of the \(images) here is \(name): answer \(name)"
        : "all \(leaf.images) \(images) here are \(name): answer \(name)"
    }
    var parts = present.prefix(Self.namedClasses).map { "\(leaf.classCounts[$0]) \(classNames[$0])" }
    let rest = present.dropFirst(Self.namedClasses).reduce(0) { $0 + leaf.classCounts[$1] }
    if rest > 0 { parts.append("\(rest) of other classes") }
    let share = formatted(100 * probabilities[prediction], digits: 1)
    return "of the \(leaf.images) \(images) here \(parts.joined(separator: ", ")): answer \(name) (\(share) %)"
  }
}
