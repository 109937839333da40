package import Datasets
package import Evaluation
internal import Models

/// The report's chapter on nearest neighbours: which training images decide.
package struct NeighborsChapter: Sendable {
  private let explanation: NeighborsModelExplanation
  private let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the one that the model was explained on
  ///   - name: that no other model of the page has
  package init(_ explanation: NeighborsModelExplanation, of dataset: Dataset, name: String = "knn") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if !explanation.examples.isEmpty {
      blocks.append(
        .paragraph(
          HTMLText(
            "First the test image, then the training images that are nearest to it, the nearest first. A blue frame: of the test image's class; an orange one: of another. Distances are \(distances)."
          )))
      if !statements.isEmpty { blocks.append(.statements(statements)) }
    }
    return HTMLSection(
      gallery.identifier(), title: "\(gallery.name): which neighbours decide?", blocks,
      subsections: gallery.sections(explanation.examples.map(\.example)) { index, name in
        figure(explanation.examples[index], name)
      })
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Neighbours", "\(explanation.neighbors)", remark: "decide on an image"),
      HTMLCard("Training images", Wording.count(explanation.trainingImages)),
      HTMLCard("Distance", explanation.metric.rawValue, remark: "votes count \(votes)"),
    ]
  }

  private var votes: String {
    explanation.weights == .uniform ? "the same" : "by the inverse of the distance"
  }

  private var distances: String {
    let basis = explanation.components.map { "\($0) principal components" } ?? "the pixels"
    return explanation.metric == .cosine
      ? "one less the cosine of the angle between \(basis)" : "\(explanation.metric.rawValue), of \(basis)"
  }

  private var dataset: Dataset { gallery.dataset }
  private var names: [String] { dataset.classNames }

  /// Whether right examples, one of each class, have nearer neighbours than wrong ones; nothing if their 95 % intervals overlap.
  private var statements: [HTMLStatement] {
    let nearest = [ExampleImage.Reason.right, .wrong].map { reason in
      explanation.examples.filter { $0.example.reason == reason }.compactMap {
        $0.explanation.neighbors.first?.distance
      }
    }
    guard nearest.allSatisfy({ $0.count > 1 }) else { return [] }
    let (right, wrong) = (MeanInterval(nearest[0]), MeanInterval(nearest[1]))
    guard right.upper < wrong.lower || wrong.upper < right.lower else { return [] }
    return [
      HTMLStatement(
        distance(wrong.mean),
        HTMLText(
          "is the mean distance to the nearest neighbour (± \(distance(wrong.upper - wrong.mean))) of the \(nearest[1].count) wrong examples below, and \(distance(right.mean)) (± \(distance(right.upper - right.mean))) that of the \(nearest[0].count) right ones: a \(right.mean < wrong.mean ? "far" : "near") neighbour is a warning here."
        ))
    ]
  }

  private func distance(_ value: Double) -> String { NumberText.compact(value, digits: 4) }

  // MARK: Examples

  private func figure(_ example: NeighborsModelExplanation.Example, _ name: Identifier) -> HTMLFigure {
    HTMLFigure(
      name, sheet(example), alternative: "Test image \(example.example.image) and its nearest training images",
      caption: HTMLText(caption(example)))
  }

  private static let (same, other, own) = (
    ColourMap.Colour(red: 0, green: 0x72, blue: 0xb2), ColourMap.Colour(red: 0xd5, green: 0x5e, blue: 0),
    ColourMap.Colour(red: 0x80, green: 0x80, blue: 0x80)
  )

  private func sheet(_ example: NeighborsModelExplanation.Example) -> Picture {
    let own = gallery.picture(example.example).thumbnail(56).framed(Self.own, width: 3)
    let others = zip(example.pictures, example.explanation.neighbors).map { pixels, neighbor in
      Picture(pixels, shape: dataset.shape).thumbnail(56)
        .framed(neighbor.label == example.example.label ? Self.same : Self.other, width: 3)
    }
    return Picture.sheet([own] + others, columns: others.count == 5 ? 3 : 4)
  }

  private func caption(_ example: NeighborsModelExplanation.Example) -> String {
    let neighbors = example.explanation.neighbors.prefix(example.pictures.count).map {
      "\(names[$0.label]) (\(distance($0.distance)))"
    }
    let rest = example.explanation.neighbors.count - neighbors.count
    let more = rest > 0 ? ", and \(rest) more" : ""
    return "\(gallery.sentence(example.example)) Neighbours and distances: \(neighbors.joined(separator: ", "))\(more)."
  }
}
