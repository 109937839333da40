package import Datasets
package import Evaluation
internal import Text

/// The report's chapter on a convolutional network: its attention maps, and checks of whether they are meaningful.
///
/// The pictures are in `NetworkChapter+Pictures`, the checks in `NetworkChapter+Checks`.
package struct NetworkChapter: Sendable {
  let explanation: NetworkExplanation
  let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the data set that the network was explained on
  ///   - name: the model's name, unique on the page
  package init(_ explanation: NetworkExplanation, of dataset: Dataset, name: String = "cnn") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if !explanation.examples.isEmpty { blocks += reading }
    return HTMLSection(
      gallery.identifier(), title: "\(gallery.name): attention maps", blocks,
      subsections: examples + [means, checks, randomization, filters].compactMap { $0 })
  }

  var dataset: Dataset { gallery.dataset }
  var names: [String] { dataset.classNames }

  private var layer: NetworkExplanation.Layer { explanation.layer }

  /// For example `7x7`.
  private var resolution: String { "\(layer.shape.height)x\(layer.shape.width)" }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Layer", "block \(layer.block)", remark: "of \(layer.blocks); \(layer.shape.channels) channels"),
      HTMLCard(
        "Map resolution", resolution,
        remark: "images have \(dataset.shape.height)x\(dataset.shape.width) pixels"),
      HTMLCard(
        "Explained class", explanation.settings.targetClass.map { names[$0] } ?? "predicted", remark: "of each image"),
    ]
  }

  // MARK: How to read the maps

  private var reading: [HTMLBlock] {
    let example = explanation.examples[0]
    let rival =
      example.rival == nil
      ? ""
      : """
      , and Grad-CAM for an alternative class: the true class if the prediction is wrong, otherwise the second most \
      probable one
      """
    return [
      .paragraph(
        HTMLText(
          """
          Top row: the image, the Grad-CAM map at the resolution of the layer, and the same map over the image. Bottom \
          row, over the image: Grad-CAM++, HiResCAM\(rival). Yellow marks the strongest evidence for the class; each \
          map is scaled by its own maximum.
          """)),
      .figure(
        HTMLFigure(
          gallery.identifier("reading"), sheet(example, side: 112), alternative: alternative(example),
          caption: HTMLText("For example: \(gallery.sentence(example.example))"),
          scale: ColorScale(Axis("fraction of the map's maximum", range: 0...1), map: .viridis))),
      .note(HTMLText(limits)),
    ]
  }

  /// The limits and the resolution of the maps.
  private var limits: String {
    let (pixels, cells) = (dataset.shape, layer.shape)
    let size: String
    if cells.height == pixels.height, cells.width == pixels.width {
      size = "This layer has a cell for each of the \(pixels.height)x\(pixels.width) pixels."
    } else {
      func extent(_ pixels: Int, _ cells: Int) -> String {
        NumberText.compact(Double(pixels) / Double(cells), digits: 2)
      }
      size = """
        This layer has \(resolution) cells for \(pixels.height)x\(pixels.width) pixels, so a cell covers about \
        \(extent(pixels.height, cells.height))x\(extent(pixels.width, cells.width)) pixels; finer shapes in the \
        overlays come from interpolation only.
        """
    }
    return """
      A map shows where the network found evidence for the class, not what it found there, nor any evidence against \
      the class. Dark areas can matter too. \(size)
      """
  }

  // MARK: Examples

  private var examples: [HTMLSection] {
    gallery.sections(explanation.examples.map(\.example)) { index, name in
      let example = explanation.examples[index]
      return HTMLFigure(
        name, sheet(example, side: 84), alternative: alternative(example), caption: HTMLText(caption(example)))
    }
  }

  private func caption(_ example: NetworkExplanation.Example) -> String {
    let explained =
      example.explained == example.example.prediction ? "" : " The maps are for \(names[example.explained])."
    let rival = example.rival.map { " The last picture is for \(names[$0])." } ?? ""
    let zero = example.maps[0].isZero ? " The Grad-CAM map is zero: this layer has no evidence for the class." : ""
    return gallery.sentence(example.example) + explained + rival + zero
  }

  private func alternative(_ example: NetworkExplanation.Example) -> String {
    "Test image \(example.example.image) with attention maps for \(names[example.explained])"
  }
}
