package import Datasets
package import Evaluation

/// The report's chapter on a decision tree: the importance of each pixel, and the paths of some images as text and as a
/// plot.
package struct TreeChapter: Sendable {
  private let explanation: TreeModelExplanation
  private let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the data set that the tree was explained on
  ///   - name: the model's name, unique on the page
  package init(_ explanation: TreeModelExplanation, of dataset: Dataset, name: String = "tree") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    HTMLSection(
      gallery.identifier(), title: "\(gallery.name): decision process", [.cards(cards)],
      subsections: [
        ImportanceSection(
          gallery: gallery, importance: explanation.importance, permutation: explanation.permutation
        ).section
      ] + paths)
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Nodes", QuantityText.count(explanation.nodes)),
      HTMLCard("Leaves", QuantityText.count(explanation.leaves)),
      HTMLCard("Depth", "\(explanation.depth)", remark: "comparisons on the longest path"),
    ]
  }

  // MARK: Paths

  private var dataset: Dataset { gallery.dataset }

  /// The requested images; without any, one that is classified correctly and one that is not.
  private var shown: [TreeModelExplanation.Example] {
    let chosen = explanation.examples.filter { $0.example.reason == .chosen }
    if !chosen.isEmpty { return chosen }
    return [ExampleImage.Reason.right, .wrong].compactMap { reason in
      explanation.examples.first { $0.example.reason == reason }
    }
  }

  private var paths: [HTMLSection] {
    shown.enumerated().map { place, example in
      let image = example.example.image
      let name = gallery.name(example.example, place: place).text
      let figures = [
        HTMLFigure(
          Identifier(name), marked(example), alternative: "Test image \(image) with the tested pixels marked",
          caption: HTMLText(
            """
            \(gallery.sentence(example.example)) The tested pixels are colored, from yellow for the first to dark for \
            the last.
            """
          )),
        HTMLFigure(
          Identifier("\(name)-path"), plot(example),
          caption: "Each box is a test; its bar shows the classes of the training images that reached the node."),
      ]
      return HTMLSection(
        Identifier("\(name)-section"), title: "The path of test image \(image)",
        [
          .figure(figures[0]),
          .list(example.path.sentences.map { HTMLText($0.prefix(1).uppercased() + $0.dropFirst() + ".") }),
          .figure(figures[1]),
        ])
    }
  }

  /// The image with the tested pixels colored in the order of the path, from yellow on.
  private func marked(_ example: TreeModelExplanation.Example) -> Picture {
    let shape = dataset.shape
    let comparisons = example.path.steps.compactMap(\.comparison)
    var pixels = gallery.picture(example.example).pixels
    // In reverse, so that a pixel tested several times keeps the color of its first test.
    for (place, comparison) in comparisons.enumerated().reversed() {
      let fraction = comparisons.count > 1 ? Double(place) / Double(comparisons.count - 1) : 0
      let color = ColorMap.viridis.color(1 - 0.7 * fraction)
      let first = (comparison.pixel.row * shape.width + comparison.pixel.column) * 3
      pixels.replaceSubrange(first..<first + 3, with: [color.red, color.green, color.blue])
    }
    return Picture(height: shape.height, width: shape.width, pixels: pixels).thumbnail(224)
  }

  private func plot(_ example: TreeModelExplanation.Example) -> TreePlot {
    let steps = example.path.steps
    return TreePlot(
      "Path of test image \(example.example.image)", classes: dataset.classNames,
      steps: zip(steps, steps.dropFirst()).compactMap { step, next in
        step.comparison.map { comparison in
          TreePlot.Step(
            test: "\(comparison.pixel.name(in: dataset.shape)) ≤ \(comparison.threshold)",
            value: "\(comparison.value)", counts: step.classCounts,
            taken: .init(comparison.goesLeft ? "yes" : "no", images: next.images),
            other: .init(comparison.goesLeft ? "no" : "yes", images: step.images - next.images),
            takesLeft: comparison.goesLeft)
        }
      }, leaf: example.path.leaf.classCounts)
  }
}
