package import Datasets
package import Evaluation

/// The report's chapter on a forest: which pixels its trees ask, and how they vote on some images.
package struct ForestChapter: Sendable {
  private let explanation: ForestModelExplanation
  private let gallery: ExampleGallery
  /// The contribution that has the strongest colour in all examples.
  private let highest: Double

  /// - Parameters:
  ///   - dataset: the one that the forest was explained on
  ///   - name: that no other model of the page has
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
      gallery.identifier(), title: "\(gallery.name): how does it decide?", [.cards(cards)] + reading,
      subsections: subsections)
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Trees", Wording.count(explanation.trees)),
      HTMLCard("Nodes", Wording.count(explanation.nodes), remark: "of all trees together"),
    ]
  }

  // MARK: Examples

  private var reading: [HTMLBlock] {
    guard let example = explanation.examples.first else { return [] }
    return [
      .paragraph(
        "Beside each example: how much each pixel moved the forest's probability of its answer, on the way down the trees. Red pixels spoke for the answer, blue ones against it. All examples have one scale."
      ),
      .figure(
        HTMLFigure(
          gallery.identifier("reading"), sheet(example, side: 112), alternative: alternative(example),
          caption: HTMLText("For example: \(caption(example))"),
          scale: ColourScale(
            Axis("probability moved", unit: "points", range: -100 * highest...100 * highest), map: .diverging))),
      .note(
        "This tells how the trees came to their answer, not what would change it: pixels beside each other know nearly the same, and the trees ask only one of them."
      ),
    ]
  }

  private func figure(_ example: ForestModelExplanation.Example, _ name: Identifier) -> HTMLFigure {
    HTMLFigure(
      name, sheet(example, side: 112), alternative: alternative(example), caption: HTMLText(caption(example)))
  }

  private func alternative(_ example: ForestModelExplanation.Example) -> String {
    "Test image \(example.example.image), and what each pixel contributed to \(names[example.explanation.prediction])"
  }

  private var dataset: Dataset { gallery.dataset }
  private var names: [String] { dataset.classNames }

  /// More classes that trees voted for are summed up.
  private static let namedVotes = 3

  private func caption(_ example: ForestModelExplanation.Example) -> String {
    let votes = example.explanation.votes
    let order = votes.indices.filter { votes[$0] > 0 }.sorted { (votes[$1], $0) < (votes[$0], $1) }
    var parts = order.prefix(Self.namedVotes).map { "\(votes[$0]) \(names[$0])" }
    let rest = order.dropFirst(Self.namedVotes).reduce(0) { $0 + votes[$1] }
    if rest > 0 { parts.append("\(rest) other classes") }
    return "\(gallery.sentence(example.example)) Trees: \(parts.joined(separator: ", "))."
  }

  private func sheet(_ example: ForestModelExplanation.Example, side: Int) -> Picture {
    let contributions = Picture(
      values: Self.contributions(example), height: dataset.shape.height, width: dataset.shape.width, map: .diverging,
      range: -highest...highest)
    return Picture.sheet(
      [gallery.picture(example.example), contributions].map { $0.thumbnail(side) }, columns: 2)
  }

  /// (height, width): channels added up.
  private static func contributions(_ example: ForestModelExplanation.Example) -> [Double] {
    let map = example.explanation.contributions
    return stride(from: 0, to: map.values.count, by: map.shape.channels).map { first in
      map.values[first..<first + map.shape.channels].reduce(0) { $0 + Double($1) }
    }
  }
}
