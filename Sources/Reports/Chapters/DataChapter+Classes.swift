internal import Datasets
internal import Evaluation

extension DataChapter {
  /// How many images each class has, what they look like, and how far classes are from each other.
  var classes: HTMLSection {
    var blocks: [HTMLBlock] = [.figure(HTMLFigure("data-balance", balance, caption: "Training images of each class."))]
    blocks.append(.table(countTable))
    let galleries = exploration.classes.flatMap(figures)
    if !galleries.isEmpty { blocks.append(.gallery(galleries)) }
    if names.count > 1 {
      blocks.append(
        .figure(
          HTMLFigure(
            "data-distances", distances,
            caption: "Between mean pictures, in grey levels. Classes that are close are hard to tell apart.")))
    }
    return HTMLSection("data-classes", title: "Classes", blocks)
  }

  private var balance: BarPlot {
    BarPlot(
      "Class balance", horizontal: Axis("training images"), vertical: Axis("class"),
      bars: zip(names, exploration.balance.train).map { BarPlot.Bar($0, Double($1)) })
  }

  private var countTable: HTMLTable {
    HTMLTable(
      "Images by class",
      columns: [
        .init("class", .text), .init("training images", .number), .init("test images", .number),
        .init("spread within", .number),
      ],
      rows: names.indices.map { label in
        [
          HTMLText(names[label]), HTMLText(Wording.count(exploration.balance.train[label])),
          HTMLText(Wording.count(exploration.balance.test[label])),
          HTMLText(exploration.spread.radii[label].map { NumberText.fixed($0, decimals: 0) } ?? "-"),
        ]
      })
  }

  /// More classes than that are too many pictures for one page.
  private static let mostPictured = 40

  /// Samples, mean and deviation of a class as one strip.
  private func figures(_ pictures: ClassPictures) -> [HTMLFigure] {
    guard pictures.label < Self.mostPictured, let mean = pictures.mean, let deviation = pictures.deviation,
      !pictures.samples.isEmpty
    else { return [] }
    let strip =
      [picture(mean), picture(deviation, stretchedTo: 128)]
      + pictures.samples.map { picture($0, of: dataset.train) }
    let name = names[pictures.label]
    return [
      HTMLFigure(
        Identifier("data-class-\(pictures.label)"), Picture.sheet(strip, columns: 6),
        alternative: "Mean picture, deviation and \(pictures.samples.count) training images of the class \(name)",
        caption: HTMLText("\(name): the mean picture, where its images differ (brighter: more), and samples."))
    ]
  }

  private var distances: HeatMap {
    let cells = exploration.spread.distances.flatMap { $0.map { $0 ?? .nan } }
    return HeatMap(
      "Distances between class means", horizontal: Axis("class"), vertical: Axis("class"), columns: names, rows: names,
      values: cells, texts: cells.map { $0.isFinite ? NumberText.fixed($0, decimals: 0) : "" },
      scale: ColourScale(Axis("distance", unit: "grey levels"), map: .viridis))
  }
}
