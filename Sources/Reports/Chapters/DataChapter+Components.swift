internal import Datasets
internal import Evaluation

extension DataChapter {
  /// The directions in which images differ most.
  var components: HTMLSection {
    let analysis = exploration.components
    var blocks: [HTMLBlock] = []
    if analysis.explainedVarianceRatios.contains(where: { $0 > 0 }) {
      blocks.append(
        .statements(
          [0.5, 0.9, 0.95].map { share in
            HTMLStatement(
              "\(analysis.count(explaining: share))",
              HTMLText(
                "principal components explain \(NumberText.percent(share, decimals: 0)) of the differences between training images."
              ))
          }))
      blocks.append(
        .gallery([
          HTMLFigure("data-variance", explained, caption: "The sum over the first components."),
          HTMLFigure(
            "data-scatter", scatter, caption: "A random sample of training images along the first two components."),
        ]))
      if !analysis.components.isEmpty { blocks.append(.figure(pictures)) }
    } else {
      blocks.append(.note("All training images are the same, so there is no direction in which they differ."))
    }
    return HTMLSection("data-components", title: "Principal components", blocks)
  }

  private var explained: LinePlot {
    var sum = 0.0
    let points = exploration.components.explainedVarianceRatios.prefix(200).enumerated().map { index, ratio in
      sum += ratio
      return PlotPoint(Double(index + 1), sum)
    }
    return LinePlot(
      "Explained variance", horizontal: Axis("components", format: .whole),
      vertical: Axis("share of the variance", format: .percent, range: 0...1),
      series: [LinePlot.Series("first components together", points)])
  }

  private static let mostGroups = 20

  private var scatter: ScatterPlot {
    let byLabel = Dictionary(grouping: exploration.components.scatter, by: \.label)
    let groups = byLabel.sorted { $0.key < $1.key }.prefix(Self.mostGroups).map { label, points in
      ScatterPlot.Group(names[label], points.map { PlotPoint(Double($0.x), Double($0.y)) })
    }
    return ScatterPlot(
      "Training images in the plane", horizontal: Axis("first component"), vertical: Axis("second component"),
      groups: groups)
  }

  /// Signed pictures, all with one range, so that zero is the middle of the colours.
  private var pictures: HTMLFigure {
    let components = exploration.components.components
    let shape = components[0].shape
    let maps = components.map { component in
      stride(from: 0, to: component.values.count, by: shape.channels).map { place in
        Double(component.values[place..<place + shape.channels].reduce(0, +))
      }
    }
    let highest = maps.joined().reduce(1e-9) { max($0, abs($1)) }
    let sheet = Picture.sheet(
      maps.map {
        Picture(values: $0, height: shape.height, width: shape.width, map: .diverging, range: -highest...highest)
          .thumbnail(Self.side)
      }, columns: 9)
    return HTMLFigure(
      "data-component-pictures", sheet, alternative: "The first \(maps.count) principal components as pictures",
      caption: "The first \(maps.count) components: what is red grows while what is blue shrinks.",
      scale: ColourScale(Axis("weight", range: -highest...highest), map: .diverging))
  }
}
