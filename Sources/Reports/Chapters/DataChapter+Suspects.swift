internal import Datasets
internal import Evaluation

extension DataChapter {
  /// Images whose labels are worth a second look, as ranked galleries.
  var suspects: HTMLSection {
    let agreement = exploration.agreement
    var blocks: [HTMLBlock] = [
      .note(
        "These are candidates, ranked: most worth looking at first. How many of them are wrong labels, only people who look can say."
      )
    ]
    let outvoted = agreement.outvoted.reduce(0, +)
    if agreement.neighbors > 0, outvoted > 0 {
      blocks.append(
        .statements([
          HTMLStatement(
            NumberText.percent(Double(outvoted) / Double(max(agreement.images, 1))),
            HTMLText(
              "of \(Wording.count(agreement.images)) training images have more neighbours of another class than of their own, among the nearest \(agreement.neighbors)."
            )
          )
        ]))
      blocks.append(.gallery(agreement.suspects.prefix(Self.mostShown).map(figure)))
    }
    if let disagreement, disagreement.models.count > 1 {
      blocks.append(
        .statements([
          HTMLStatement(
            "\(disagreement.suspectCount)",
            HTMLText(
              "of \(Wording.count(disagreement.images)) test images are taken for the same other class by all models (\(disagreement.models.joined(separator: ", ")))."
            )
          )
        ]))
      let figures = disagreement.suspects.prefix(Self.mostShown).map(figure)
      if !figures.isEmpty { blocks.append(.gallery(figures)) }
    }
    return HTMLSection("data-suspects", title: "Labels worth a second look", blocks)
  }

  private static let mostShown = 24
  /// In pixels.
  private static let shownSide = 112

  private func figure(_ suspect: NeighborAgreement.Suspect) -> HTMLFigure {
    HTMLFigure(
      Identifier("data-suspect-\(suspect.image)"), picture(suspect.image, of: dataset.train, side: Self.shownSide),
      alternative: "Training image \(suspect.image)",
      caption: HTMLText(
        "\(names[suspect.label])? \(NumberText.percent(suspect.neighborsShare, decimals: 0)) of its neighbours are \(names[suspect.neighborsLabel]) (training image \(suspect.image))"
      ))
  }

  private func figure(_ suspect: ModelDisagreement.Suspect) -> HTMLFigure {
    HTMLFigure(
      Identifier("data-contradicted-\(suspect.image)"), picture(suspect.image, of: dataset.test, side: Self.shownSide),
      alternative: "Test image \(suspect.image)",
      caption: HTMLText(
        "\(names[suspect.label])? All models say \(names[suspect.prediction]), at \(NumberText.percent(suspect.predictionProbability, decimals: 0)) (test image \(suspect.image))"
      ))
  }
}
