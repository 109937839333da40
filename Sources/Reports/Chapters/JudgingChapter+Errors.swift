internal import Datasets
internal import Evaluation

extension JudgingChapter {
  private static let pairs = 5
  private static let examplesOfPair = 8
  private static let confidentErrors = 12
  /// In pixels.
  private static let sides = (ofPair: 84, ofError: 140)

  /// What the model takes for what, with pictures; nil if it makes no error.
  var errors: HTMLSection? {
    let pairs = ConfusedPair.mostFrequent(in: model.test, limit: Self.pairs, examples: Self.examplesOfPair)
    let wrong = ExampleImages(of: model.test, errors: Self.confidentErrors).confidentErrors
    guard !wrong.isEmpty else { return nil }
    return HTMLSection(
      identifier("errors"), title: "What it gets wrong", [],
      subsections: [
        HTMLSection(
          identifier("pairs"), title: "Most often confused",
          pairs.enumerated().map { .figure(figure(of: $0.element, rank: $0.offset + 1)) }),
        HTMLSection(
          identifier("confident errors"), title: "Wrong, and sure of it",
          [
            .paragraph(
              """
              Either the model has learned something that misleads it, or the label is wrong: a person who looks at these images can tell. \
              The most confident errors come first.
              """),
            .gallery(wrong.enumerated().map { figure(ofError: $0.element, rank: $0.offset + 1) }),
          ]),
      ])
  }

  private func figure(of pair: ConfusedPair, rank: Int) -> HTMLFigure {
    let (truth, prediction) = (model.classNames[pair.truth], model.classNames[pair.prediction])
    let pictures = pair.examples.map { picture($0, side: Self.sides.ofPair) }
    return HTMLFigure(
      identifier("pair \(rank)"), Picture.sheet(pictures, columns: Self.examplesOfPair, gap: 4),
      alternative: "\(Wording.count(pictures.count, "image")) of \(truth) that were taken for \(prediction)",
      caption: .strong(truth) + " taken for " + .strong(prediction) + """
        : \(pair.share.counts) (\(pair.share.percent)). The most confident of these errors from left to right.
        """)
  }

  private func figure(ofError image: Int, rank: Int) -> HTMLFigure {
    let names = (
      truth: model.classNames[Int(model.test.labels[image])],
      prediction: model.classNames[Int(model.test.predicted[image])]
    )
    let sure = Wording.percent(Double(model.test.confidences[image]))
    return HTMLFigure(
      identifier("error \(rank)"), picture(image, side: Self.sides.ofError),
      alternative: "Test image \(image), labeled \(names.truth), taken for \(names.prediction)",
      caption: "Labeled " + .strong(names.truth) + ", taken for " + .strong(names.prediction)
        + ", \(sure) sure. Test image \(image).")
  }

  private func picture(_ image: Int, side: Int) -> Picture {
    Picture(images.pixels(of: image), shape: images.shape).thumbnail(side)
  }

  // MARK: Brightness and fill

  /// Half of the brightest value would miss dark objects; this is above the noise of a dark background.
  private static let filledAbove: UInt8 = 32

  /// Accuracy on dark and bright, small and large objects; nil if the images do not differ.
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
    return HTMLSection(identifier("strata"), title: "Which pictures are hard", blocks)
  }

  private func plot(of strata: [Stratum], _ measure: String) -> BarPlot {
    BarPlot(
      "Accuracy by \(measure)", horizontal: Axis("share told rightly", format: .percent, range: 0...1),
      vertical: Axis("\(measure) of the image"),
      bars: strata.map {
        .init(
          Wording.percents($0.lowest, $0.highest), $0.accuracy.share, interval: $0.accuracy.lower...$0.accuracy.upper)
      })
  }

  private func caption(_ measure: String) -> HTMLText {
    let meaning =
      measure == "fill"
      ? "the share of pixels brighter than \(Self.filledAbove) of 255: how much of the picture the object fills, if the background is dark"
      : "the mean of all pixels, as a share of the brightest value"
    return """
      Groups of about as many test images each. \(measure.capitalizedFirst): \(meaning). Whiskers are 95 % intervals; of all images, \
      \(model.test.accuracy.percent) are told rightly.
      """
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
