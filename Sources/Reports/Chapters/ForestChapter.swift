package import Datasets
package import Evaluation

/// The report's chapter on a forest: the importance of each pixel, and the trees' votes on some images.
package struct ForestChapter: Sendable {
  private let explanation: ForestModelExplanation
  private let gallery: ExampleGallery
  /// The largest absolute contribution in all examples: the end of the color scale.
  private let highest: Double

  /// - Parameters:
  ///   - dataset: the data set that the forest was explained on
  ///   - name: the model's name, unique on the page
  package init(_ explanation: ForestModelExplanation, of dataset: Dataset, name: String = "forest") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
    highest = explanation.examples.reduce(1e-9) { highest, example in
      Self.contributions(example).reduce(highest) { max($0, abs($1)) }
    }
  }

  package var section: HTMLSection {
    var subsections = [
      ImportanceSection(
        gallery: gallery, importance: explanation.importance, permutation: explanation.permutation
      ).section
    ]
    subsections += gallery.sections(explanation.examples.map(\.example)) { index, name in
      figure(explanation.examples[index], name)
    }
    return HTMLSection(
      gallery.identifier(), title: "\(gallery.name): decision process", [.cards(cards)] + reading,
      subsections: subsections)
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Trees", QuantityText.count(explanation.trees)),
      HTMLCard("Nodes", QuantityText.count(explanation.nodes), remark: "of all trees together"),
    ]
  }

  // MARK: Examples

  private var reading: [HTMLBlock] {
    guard let example = explanation.examples.first else { return [] }
    return [
      .paragraph(
        """
        The map beside each example shows how much each pixel changed the probability of the predicted class along the \
        paths through the trees. Red pixels are evidence for the prediction, blue pixels against it. All examples \
        share one scale.
        """),
      .figure(
        HTMLFigure(
          gallery.identifier("reading"), sheet(example, side: 112), alternative: alternative(example),
          caption: HTMLText("For example: \(caption(example))"),
          scale: ColorScale(
            Axis("change of probability", unit: "points", range: -100 * highest...100 * highest), map: .diverging))),
      .note(
        """
        The map explains how the trees arrived at the prediction, not what would change it: neighboring pixels carry \
        nearly the same information, and the trees use only one of them.
        """),
    ]
  }

  private func figure(_ example: ForestModelExplanation.Example, _ name: Identifier) -> HTMLFigure {
    HTMLFigure(
      name, sheet(example, side: 112), alternative: alternative(example), caption: HTMLText(caption(example)))
  }

  private func alternative(_ example: ForestModelExplanation.Example) -> String {
    """
    Test image \(example.example.image), and the contribution of each pixel to \
    \(names[example.explanation.prediction])
    """
  }

  private var dataset: Dataset { gallery.dataset }
  private var names: [String] { dataset.classNames }

  /// The maximum number of classes whose votes are listed.
  private static let maxNamedVotes = 3

  private func caption(_ example: ForestModelExplanation.Example) -> String {
    let votes = example.explanation.votes
    let order = votes.indices.filter { votes[$0] > 0 }.sorted { (votes[$1], $0) < (votes[$0], $1) }
    var parts = order.prefix(Self.maxNamedVotes).map { "\(names[$0]) \(votes[$0])" }
    let rest = order.dropFirst(Self.maxNamedVotes).reduce(0) { $0 + votes[$1] }
    if rest > 0 { parts.append("other classes \(rest)") }
    return "\(gallery.sentence(example.example)) Votes: \(parts.joined(separator: ", "))."
  }

  private func sheet(_ example: ForestModelExplanation.Example, side: Int) -> Picture {
    let contributions = Picture(
      values: Self.contributions(example), height: dataset.shape.height, width: dataset.shape.width, map: .diverging,
      range: -highest...highest)
    return Picture.sheet(
      [gallery.picture(example.example), contributions].map { $0.thumbnail(side) }, columns: 2)
  }

  /// (height, width), summed over the channels.
  private static func contributions(_ example: ForestModelExplanation.Example) -> [Double] {
    let map = example.explanation.contributions
    return stride(from: 0, to: map.values.count, by: map.shape.channels).map { first in
      map.values[first..<first + map.shape.channels].reduce(0) { $0 + Double($1) }
    }
  }
}
