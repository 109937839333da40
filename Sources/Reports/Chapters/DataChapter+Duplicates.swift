internal import Datasets
internal import Evaluation

extension DataChapter {
  /// Images that occur more than once.
  var duplicates: HTMLSection {
    let found = exploration.duplicates
    var blocks: [HTMLBlock] = [.table(table)]
    if let limit = found.nearLimit, let typical = found.typicalDistance {
      blocks.append(
        .note(
          HTMLText(
            "Near means: at a distance of at most \(NumberText.fixed(limit, decimals: 0)) grey levels, a quarter of the typical distance to a neighbour (\(NumberText.fixed(typical, decimals: 0)))."
          )))
    }
    let conflicts =
      found.exact.across.conflictCount + found.exact.withinTrain.conflictCount
      + found.near.across.conflictCount + found.near.withinTrain.conflictCount
    if conflicts > 0 {
      blocks.append(
        .statements([
          HTMLStatement(
            "\(conflicts)",
            "pairs of equal or nearly equal images have different labels: at least one label of each is wrong, or the classes overlap."
          )
        ]))
    }
    let figures = [
      sheet(found.exact.across, dataset.test, "exact-across", "Training (left) and test image that are the same."),
      sheet(found.near.across, dataset.test, "near-across", "Training (left) and test image that are nearly the same."),
      sheet(found.near.withinTrain, dataset.train, "near-train", "Training images that are nearly the same."),
    ].compactMap { $0 }
    if !figures.isEmpty { blocks.append(.gallery(figures)) }
    return HTMLSection("data-duplicates", title: "Duplicates", blocks)
  }

  private var table: HTMLTable {
    func row(_ name: String, _ pairs: PairsBySet) -> [HTMLText] {
      [
        HTMLText(name), "\(pairs.withinTrain.count)", "\(pairs.withinTest.count)", "\(pairs.across.count)",
        "\(pairs.withinTrain.conflictCount + pairs.withinTest.conflictCount + pairs.across.conflictCount)",
      ]
    }
    return HTMLTable(
      "Pairs of images",
      columns: [
        .init("", .text), .init("within training images", .number), .init("within test images", .number),
        .init("across", .number), .init("with different labels", .number),
      ],
      rows: [
        row("the same, byte for byte", exploration.duplicates.exact),
        row("nearly the same", exploration.duplicates.near),
      ])
  }

  private static let mostPairs = 12

  /// Pairs side by side; those whose labels differ first. nil if there are none.
  private func sheet(_ ranked: RankedPairs, _ second: LabeledImages, _ name: String, _ caption: String) -> HTMLFigure? {
    let shown = Array((ranked.conflicts + ranked.pairs.filter(\.labelsAgree)).prefix(Self.mostPairs))
    guard !shown.isEmpty else { return nil }
    let pictures = shown.map {
      Picture.sheet([picture($0.first, of: dataset.train), picture($0.second, of: second)], columns: 2, gap: 1)
    }
    let labels = shown.map { pair in
      pair.labelsAgree ? names[pair.firstLabel] : "\(names[pair.firstLabel]) / \(names[pair.secondLabel])"
    }
    return HTMLFigure(
      Identifier("data-\(name)"), Picture.sheet(pictures, columns: 4, gap: 4),
      alternative: "\(shown.count) pairs of images",
      caption: HTMLText("\(caption) Labels, row by row: \(labels.joined(separator: ", "))."))
  }
}
