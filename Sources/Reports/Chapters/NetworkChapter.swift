package import Datasets
package import Evaluation

/// The report's chapter on a convolutional network: where it looks, and whether maps of that mean something.
///
/// Facets: `NetworkChapter+Pictures`, `+Checks`.
package struct NetworkChapter: Sendable {
  let explanation: NetworkExplanation
  let gallery: ExampleGallery

  /// - Parameters:
  ///   - dataset: the one that the network was explained on
  ///   - name: that no other model of the page has
  package init(_ explanation: NetworkExplanation, of dataset: Dataset, name: String = "cnn") {
    (self.explanation, gallery) = (explanation, ExampleGallery(name: name, dataset: dataset))
  }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.cards(cards)]
    if !explanation.examples.isEmpty { blocks += reading }
    return HTMLSection(
      gallery.identifier(), title: "\(gallery.name): what does it look at?", blocks,
      subsections: examples + [means, checks, randomization, filters].compactMap { $0 })
  }

  var dataset: Dataset { gallery.dataset }
  var names: [String] { dataset.classNames }

  private var layer: NetworkExplanation.Layer { explanation.layer }

  /// As "7x7".
  private var resolution: String { "\(layer.shape.height)x\(layer.shape.width)" }

  private var cards: [HTMLCard] {
    [
      explanation.accuracy.card,
      HTMLCard("Layer", "block \(layer.block)", remark: "of \(layer.blocks), with \(layer.shape.channels) channels"),
      HTMLCard(
        "Resolution of its maps", resolution,
        remark: "for images of \(dataset.shape.height)x\(dataset.shape.width) pixels"),
      HTMLCard("Class explained", explanation.settings.targetClass.map { names[$0] } ?? "the predicted one"),
    ]
  }

  // MARK: How to read the maps

  private var reading: [HTMLBlock] {
    let example = explanation.examples[0]
    let rival =
      example.rival == nil
      ? ""
      : ", and Grad-CAM for the class that it might be instead: the true one where the network is wrong, or else the second"
    return [
      .paragraph(
        HTMLText(
          "Above: the image, Grad-CAM's map in the cells that the layer has, and the same map over the image. Below, over the image: Grad-CAM++, HiResCAM\(rival). Yellow is where the layer found most that speaks for the class; each map is divided by its own largest value."
        )),
      .figure(
        HTMLFigure(
          gallery.identifier("reading"), sheet(example, side: 112), alternative: alternative(example),
          caption: HTMLText("For example: \(gallery.sentence(example.example))"),
          scale: ColourScale(Axis("share of the map's largest value", range: 0...1), map: .viridis))),
      .note(HTMLText(limits)),
    ]
  }

  /// What maps do not show, and how coarse they are.
  private var limits: String {
    let (pixels, cells) = (dataset.shape, layer.shape)
    let size: String
    if cells.height == pixels.height, cells.width == pixels.width {
      size = "This layer has a cell for each of the \(pixels.height)x\(pixels.width) pixels."
    } else {
      func extent(_ pixels: Int, _ cells: Int) -> String {
        NumberText.compact(Double(pixels) / Double(cells), digits: 2)
      }
      size =
        "This layer has \(resolution) cells for \(pixels.height)x\(pixels.width) pixels, so a cell stands for about \(extent(pixels.height, cells.height))x\(extent(pixels.width, cells.width)) pixels; finer shapes in the overlays come from interpolation alone."
    }
    return
      "A map shows where evidence for the class was found, not what was seen there, nor what speaks against the class; a dark place may matter all the same. \(size)"
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
    let rival = example.rival.map { " Last picture: for \(names[$0])." } ?? ""
    let zero = example.maps[0].isZero ? " Grad-CAM's map is zero: in this layer nothing speaks for the class." : ""
    return gallery.sentence(example.example) + explained + rival + zero
  }

  private func alternative(_ example: NetworkExplanation.Example) -> String {
    "Test image \(example.example.image) with maps of attention for \(names[example.explained])"
  }
}
