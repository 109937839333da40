internal import Datasets
internal import Evaluation

extension EvaluationChapter {
  private static let maxPairs = 5
  private static let examplesPerPair = 8
  private static let maxConfidentErrors = 12
  /// In pixels.
  private static let sides = (ofPair: 84, ofError: 140)

  /// Examples of the most frequent confusions and the most confident errors; nil if the model makes no errors.
  var errors: HTMLSection? {
    let pairs = ConfusedPair.mostFrequent(in: model.test, limit: Self.maxPairs, examples: Self.examplesPerPair)
    let wrong = ExampleImages(of: model.test, errors: Self.maxConfidentErrors).confidentErrors
    guard !wrong.isEmpty else { return nil }
    return HTMLSection(
      identifier("errors"), title: "Errors", [],
      subsections: [
        HTMLSection(
          identifier("pairs"), title: "Most frequent confusions",
          pairs.enumerated().map { .figure(figure(of: $0.element, rank: $0.offset + 1)) }),
        HTMLSection(
          identifier("confident errors"), title: "Most confident errors",
          [
            .paragraph(
              """
              The errors with the highest confidence. Either the model relies on a misleading feature, or the label is \
              wrong; a review of the images can tell.
              """),
            .gallery(wrong.enumerated().map { figure(ofError: $0.element, rank: $0.offset + 1) }),
          ]),
      ])
  }

  private func figure(of pair: ConfusedPair, rank: Int) -> HTMLFigure {
    let (truth, prediction) = (model.classNames[pair.truth], model.classNames[pair.prediction])
    let pictures = pair.examples.map { picture($0, side: Self.sides.ofPair) }
    return HTMLFigure(
      identifier("pair \(rank)"), Picture.sheet(pictures, columns: Self.examplesPerPair, gap: 4),
      alternative: "\(QuantityText.count(pictures.count, "image")) of class \(truth) predicted to be \(prediction)",
      caption: .strong(truth) + " predicted to be " + .strong(prediction) + """
        : \(pair.fraction.counts) images (\(pair.fraction.percent)). Examples from the most confident error on.
        """)
  }

  private func figure(ofError image: Int, rank: Int) -> HTMLFigure {
    let names = (
      truth: model.classNames[Int(model.test.labels[image])],
      prediction: model.classNames[Int(model.test.predicted[image])]
    )
    let confidence = QuantityText.percent(Double(model.test.confidences[image]))
    return HTMLFigure(
      identifier("error \(rank)"), picture(image, side: Self.sides.ofError),
      alternative: "Test image \(image), labeled \(names.truth), predicted to be \(names.prediction)",
      caption: "Labeled " + .strong(names.truth) + ", predicted to be " + .strong(names.prediction)
        + " with \(confidence) confidence. Test image \(image).")
  }

  private func picture(_ image: Int, side: Int) -> Picture {
    Picture(images.pixels(of: image), shape: images.shape).thumbnail(side)
  }

  // MARK: Brightness and fill

  /// Above the noise of a dark background, yet low enough for dark objects.
  private static let filledAbove: UInt8 = 32

  /// Accuracy by brightness and fill; nil if the images do not differ.
  var strata: HTMLSection? {
    let measures: [(name: String, strata: [Stratum])] = [
      ("brightness", Stratum.quantiles(model.test, of: images, by: .brightness)),
      ("fill", Stratum.quantiles(model.test, of: images, by: .fill(above: Self.filledAbove))),
    ].filter { $0.1.count > 1 }
    guard !measures.isEmpty else { return nil }
    var blocks: [HTMLBlock] = [
      .gallery(
        measures.map {
          HTMLFigure(identifier("by \($0.name)"), plot(of: $0.strata, $0.name), caption: caption($0.name))
        })
    ]
    blocks.addStatements(measures.map { Statements.weakestStratum($0.strata, measure: $0.name) })
    return HTMLSection(identifier("strata"), title: "Accuracy by image properties", blocks)
  }

  private func plot(of strata: [Stratum], _ measure: String) -> BarPlot {
    BarPlot(
      "Accuracy by \(measure)", horizontal: Axis("accuracy", format: .percent, range: 0...1),
      vertical: Axis("\(measure) of the image"),
      bars: strata.map {
        .init(
          QuantityText.percents($0.lowest, $0.highest), $0.accuracy.fraction,
          interval: $0.accuracy.lower...$0.accuracy.upper)
      })
  }

  private func caption(_ measure: String) -> HTMLText {
    let meaning =
      measure == "fill"
      ? """
      the fraction of pixels above \(Self.filledAbove) of 255; with a dark background, the fraction of the image that \
      the object fills
      """
      : "the mean pixel value as a fraction of the maximum"
    return """
      Groups of about equally many test images. \(measure.capitalizedFirst): \(meaning). Whiskers are 95 % intervals. \
      Accuracy on all images: \(model.test.accuracy.percent).
      """
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
