internal import Text

extension TreeExplanation {
  /// The path as text: a sentence for each step.
  package var sentences: [String] { steps.map(sentence) }

  private func sentence(_ step: Step) -> String {
    guard let comparison = step.comparison else { return leafSentence }
    let direction =
      comparison.goesLeft
      ? "at most \(comparison.threshold): left branch" : "more than \(comparison.threshold): right branch"
    return "\(comparison.pixel.name(in: shape)) is \(comparison.value), \(direction)"
  }

  /// The maximum number of classes that are listed by name.
  private static let maxNamedClasses = 3

  private var leafSentence: String {
    let present = classNames.indices.filter { leaf.classCounts[$0] > 0 }
      .sorted { (leaf.classCounts[$1], $0) < (leaf.classCounts[$0], $1) }
    let images = isBootstrapped ? "bootstrap samples" : "training images"
    let name = classNames[prediction]
    if present.count == 1 {
      return leaf.images == 1
        ? "the leaf has 1 \(images.dropLast()), of class \(name): prediction \(name)"
        : "the leaf has \(leaf.images) \(images), all of class \(name): prediction \(name)"
    }
    var parts = present.prefix(Self.maxNamedClasses).map { "\(leaf.classCounts[$0]) \(classNames[$0])" }
    let rest = present.dropFirst(Self.maxNamedClasses).reduce(0) { $0 + leaf.classCounts[$1] }
    if rest > 0 { parts.append("\(rest) of other classes") }
    let fraction = formatted(100 * probabilities[prediction], digits: 1)
    return "the leaf has \(leaf.images) \(images), \(parts.joined(separator: ", ")): prediction \(name) (\(fraction) %)"
  }
}
