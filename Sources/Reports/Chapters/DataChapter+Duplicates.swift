internal import Datasets
internal import Evaluation
internal import Text

extension DataChapter {
  /// Images that occur more than once, exactly or nearly.
  var duplicates: HTMLSection {
    let found = exploration.duplicates
    var blocks: [HTMLBlock] = [.table(table)]
    if let limit = found.nearLimit, let typical = found.typicalDistance {
      blocks.append(
        .note(
          HTMLText(
            """
            Two images are near duplicates if their distance is at most \(NumberText.fixed(limit, decimals: 0)) gray \
            levels: a quarter of the typical distance to a neighbor (\(NumberText.fixed(typical, decimals: 0))).
            """)))
    }
    let conflicts =
      found.exact.across.conflictCount + found.exact.withinTrain.conflictCount
      + found.near.across.conflictCount + found.near.withinTrain.conflictCount
    if conflicts > 0 {
      blocks.append(
        .statements([
          HTMLStatement(
            "\(conflicts)",
            """
            \(conflicts == 1 ? "pair" : "pairs") of duplicates or near duplicates with different labels: in each pair \
            at least one label is wrong, or the classes overlap.
            """)
        ]))
    }
    let figures = [
      sheet(found.exact.across, dataset.test, "exact-across", "Exact duplicates: training (left) and test image."),
      sheet(found.near.across, dataset.test, "near-across", "Near duplicates: training (left) and test image."),
      sheet(found.near.withinTrain, dataset.train, "near-train", "Near duplicates within the training images."),
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
      "Pairs of duplicate images",
      columns: [
        .init("", .text), .init("within training set", .number), .init("within test set", .number),
        .init("across the sets", .number), .init("with different labels", .number),
      ],
      rows: [
        row("exact duplicates", exploration.duplicates.exact),
        row("near duplicates", exploration.duplicates.near),
      ])
  }

  private static let maxPairs = 12

  /// Pairs side by side, those with different labels first; nil if there are none.
  private func sheet(_ ranked: RankedPairs, _ second: LabeledImages, _ name: String, _ caption: String) -> HTMLFigure? {
    let shown = Array((ranked.conflicts + ranked.pairs.filter(\.hasEqualLabels)).prefix(Self.maxPairs))
    guard !shown.isEmpty else { return nil }
    let pictures = shown.map {
      Picture.sheet([picture($0.first, of: dataset.train), picture($0.second, of: second)], columns: 2, gap: 1)
    }
    let labels = shown.map { pair in
      pair.hasEqualLabels ? names[pair.firstLabel] : "\(names[pair.firstLabel]) / \(names[pair.secondLabel])"
    }
    return HTMLFigure(
      Identifier("data-\(name)"), Picture.sheet(pictures, columns: 4, gap: 4),
      alternative: "\(shown.count) pairs of images",
      caption: HTMLText("\(caption) Labels by row: \(labels.joined(separator: ", "))."))
  }
}
