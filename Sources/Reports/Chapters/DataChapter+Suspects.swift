internal import Datasets
internal import Evaluation
internal import Text

extension DataChapter {
  /// Ranked galleries of images whose labels may be wrong.
  var suspects: HTMLSection {
    let agreement = exploration.agreement
    var blocks: [HTMLBlock] = [
      .note(
        """
        These images are candidates, the most suspicious first. Only a review by a person can tell how many of the \
        labels are wrong.
        """
      )
    ]
    let outvoted = agreement.outvoted.reduce(0, +)
    if agreement.neighbors > 0, outvoted > 0 {
      blocks.append(
        .statements([
          HTMLStatement(
            NumberText.percent(Double(outvoted) / Double(max(agreement.images, 1))),
            HTMLText(
              """
              of \(QuantityText.count(agreement.images)) training images have more neighbors of another class than of \
              their own among the \(agreement.neighbors) nearest.
              """)
          )
        ]))
      blocks.append(.gallery(agreement.suspects.prefix(Self.maxShown).map(figure)))
    }
    if let disagreement, disagreement.models.count > 1 {
      blocks.append(
        .statements([
          HTMLStatement(
            "\(disagreement.suspectCount)",
            HTMLText(
              """
              of \(QuantityText.count(disagreement.images)) test images are assigned to the same class, different from \
              their label, by all models (\(disagreement.models.joined(separator: ", "))).
              """)
          )
        ]))
      let figures = disagreement.suspects.prefix(Self.maxShown).map(figure)
      if !figures.isEmpty { blocks.append(.gallery(figures)) }
    }
    return HTMLSection("data-suspects", title: "Possible label errors", blocks)
  }

  private static let maxShown = 24
  /// In pixels.
  private static let shownSide = 112

  private func figure(_ suspect: NeighborAgreement.Suspect) -> HTMLFigure {
    HTMLFigure(
      Identifier("data-suspect-\(suspect.image)"), picture(suspect.image, of: dataset.train, side: Self.shownSide),
      alternative: "Training image \(suspect.image)",
      caption: HTMLText(
        """
        Labeled \(names[suspect.label]); \(NumberText.percent(suspect.neighborsShare, decimals: 0)) of its neighbors \
        are labeled \(names[suspect.neighborsLabel]). Training image \(suspect.image).
        """))
  }

  private func figure(_ suspect: ModelDisagreement.Suspect) -> HTMLFigure {
    HTMLFigure(
      Identifier("data-contradicted-\(suspect.image)"), picture(suspect.image, of: dataset.test, side: Self.shownSide),
      alternative: "Test image \(suspect.image)",
      caption: HTMLText(
        """
        Labeled \(names[suspect.label]); all models predict \(names[suspect.prediction]) (mean probability \
        \(NumberText.percent(suspect.predictionProbability, decimals: 0))). Test image \(suspect.image).
        """))
  }
}
