package import Datasets
package import Evaluation

/// The report's chapter on a decision tree: which pixels it asks, and the paths of some images in words and drawn.
package struct TreeChapter: Sendable {
  private let explanation: TreeModelExplanation
  private let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the one that the tree was explained on
  ///   - name: that no other model of the page has
  package init(_ explanation: TreeModelExplanation, of dataset: Dataset, name: String = "tree") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    HTMLSection(
      gallery.identifier(), title: "\(gallery.name): how does it decide?", [.cards(cards)],
      subsections: [
        ImportanceSection(
          gallery: gallery, importance: explanation.importance, permutation: explanation.permutation
        ).section
      ] + paths)
  }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Nodes", Wording.count(explanation.nodes)),
      HTMLCard("Leaves", Wording.count(explanation.leaves)),
      HTMLCard("Depth", "\(explanation.depth)", remark: "comparisons on the longest path"),
    ]
  }

  // MARK: Paths

  private var dataset: Dataset { gallery.dataset }

  /// The images that were asked for; without any, one that is told rightly and one that is not.
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
          Identifier(name), marked(example), alternative: "Test image \(image) with the pixels that are asked",
          caption: HTMLText(
            "\(gallery.sentence(example.example)) Marked are the pixels that the tree looks at, the first ones in yellow."
          )),
        HTMLFigure(
          Identifier("\(name)-path"), plot(example),
          caption: "Each box is a question; the bar in it shows the classes of the training images that came there."),
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

  /// The image with each pixel on the path in a colour, from yellow for the first one on.
  private func marked(_ example: TreeModelExplanation.Example) -> Picture {
    let shape = dataset.shape
    let comparisons = example.path.steps.compactMap(\.comparison)
    var pixels = gallery.picture(example.example).pixels
    // Backwards: of several questions about one pixel, the first one's colour stays.
    for (place, comparison) in comparisons.enumerated().reversed() {
      let share = comparisons.count > 1 ? Double(place) / Double(comparisons.count - 1) : 0
      let colour = ColourMap.viridis.colour(1 - 0.7 * share)
      let first = (comparison.pixel.row * shape.width + comparison.pixel.column) * 3
      pixels.replaceSubrange(first..<first + 3, with: [colour.red, colour.green, colour.blue])
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
