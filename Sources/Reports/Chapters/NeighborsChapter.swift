package import Datasets
package import Evaluation
internal import Models
internal import Text

/// The report's chapter on nearest neighbors: the training images behind each prediction.
package struct NeighborsChapter: Sendable {
  private let explanation: NeighborsModelExplanation
  private let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the data set that the model was explained on
  ///   - name: the model's name, unique on the page
  package init(_ explanation: NeighborsModelExplanation, of dataset: Dataset, name: String = "knn") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if !explanation.examples.isEmpty {
      blocks.append(
        .paragraph(
          HTMLText(
            """
            Each example shows the test image, then its nearest training images in order of distance. A blue frame \
            marks a neighbor of the same class as the test image, an orange frame one of another class. Distance: \
            \(distances).
            """)))
      if !statements.isEmpty { blocks.append(.statements(statements)) }
    }
    return HTMLSection(
      gallery.identifier(), title: "\(gallery.name): decision process", blocks,
      subsections: gallery.sections(explanation.examples.map(\.example)) { index, name in
        figure(explanation.examples[index], name)
      })
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Neighbors", "\(explanation.neighbors)", remark: "per prediction"),
      HTMLCard("Training images", QuantityText.count(explanation.trainingImages)),
      HTMLCard("Distance", explanation.metric.rawValue, remark: "\(votes) weights"),
    ]
  }

  private var votes: String {
    explanation.weights == .uniform ? "uniform" : "inverse-distance"
  }

  private var distances: String {
    let basis = explanation.components.map { "\($0) principal components" } ?? "pixel values"
    return explanation.metric == .cosine
      ? "1 − cosine similarity of \(basis)" : "\(explanation.metric.rawValue), between \(basis)"
  }

  private var dataset: Dataset { gallery.dataset }
  private var names: [String] { dataset.classNames }

  /// A statement if correct examples, one per class, have nearer or farther neighbors than incorrect ones; empty if
  /// their 95 % intervals overlap.
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
          """
          is the mean distance to the nearest neighbor of the \(nearest[1].count) incorrect examples below (± \
          \(distance(wrong.upper - wrong.mean))); that of the \(nearest[0].count) correct examples is \
          \(distance(right.mean)) (± \(distance(right.upper - right.mean))). A \
          \(right.mean < wrong.mean ? "distant" : "close") nearest neighbor is a warning sign.
          """))
    ]
  }

  private func distance(_ value: Double) -> String { NumberText.compact(value, digits: 3) }

  // MARK: Examples

  private func figure(_ example: NeighborsModelExplanation.Example, _ name: Identifier) -> HTMLFigure {
    HTMLFigure(
      name, sheet(example), alternative: "Test image \(example.example.image) and its nearest training images",
      caption: HTMLText(caption(example)))
  }

  private static let (same, other, own) = (
    ColorMap.Color(red: 0, green: 0x72, blue: 0xb2), ColorMap.Color(red: 0xd5, green: 0x5e, blue: 0),
    ColorMap.Color(red: 0x80, green: 0x80, blue: 0x80)
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
    return "\(gallery.sentence(example.example)) Neighbors (distance): \(neighbors.joined(separator: ", "))\(more)."
  }
}
