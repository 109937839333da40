internal import Datasets
internal import Evaluation
internal import Text

extension DataChapter {
  /// The images of each class: how many there are, what they look like, and how far apart the classes are.
  var classes: HTMLSection {
    var blocks: [HTMLBlock] = [.figure(HTMLFigure("data-balance", balance, caption: "Training images per class."))]
    blocks.append(.table(countTable))
    let galleries = exploration.classes.flatMap(figures)
    if !galleries.isEmpty { blocks.append(.gallery(galleries)) }
    if names.count > 1 {
      blocks.append(
        .figure(
          HTMLFigure(
            "data-distances", distances,
            caption:
              "Euclidean distances between class means, in gray levels. Classes that are close are easily confused.")))
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
        .init("spread within class", .number),
      ],
      rows: names.indices.map { label in
        [
          HTMLText(names[label]), HTMLText(QuantityText.count(exploration.balance.train[label])),
          HTMLText(QuantityText.count(exploration.balance.test[label])),
          HTMLText(exploration.spread.radii[label].map { NumberText.fixed($0, decimals: 0) } ?? "-"),
        ]
      })
  }

  /// The maximum number of classes with pictures.
  private static let maxPictured = 40

  /// The mean, the standard deviation and samples of a class, as one strip.
  private func figures(_ pictures: ClassPictures) -> [HTMLFigure] {
    guard pictures.label < Self.maxPictured, let mean = pictures.mean, let deviation = pictures.deviation,
      !pictures.samples.isEmpty
    else { return [] }
    let strip =
      [picture(mean), picture(deviation, stretchedTo: 128)]
      + pictures.samples.map { picture($0, of: dataset.train) }
    let name = names[pictures.label]
    return [
      HTMLFigure(
        Identifier("data-class-\(pictures.label)"), Picture.sheet(strip, columns: 6),
        alternative: "Mean, standard deviation and \(pictures.samples.count) training images of class \(name)",
        caption: HTMLText("\(name): mean, standard deviation (brighter where images differ more), and random samples."))
    ]
  }

  private var distances: HeatMap {
    let cells = exploration.spread.distances.flatMap { $0.map { $0 ?? .nan } }
    return HeatMap(
      "Distances between class means", horizontal: Axis("class"), vertical: Axis("class"), columns: names, rows: names,
      values: cells, texts: cells.map { $0.isFinite ? NumberText.fixed($0, decimals: 0) : "" },
      scale: ColorScale(Axis("distance", unit: "gray levels"), map: .viridis))
  }
}
