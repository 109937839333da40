internal import Datasets
internal import Evaluation
internal import Text

extension DataChapter {
  /// The directions of largest variance among the training images.
  var components: HTMLSection {
    let analysis = exploration.components
    var blocks: [HTMLBlock] = []
    if analysis.explainedVarianceRatios.contains(where: { $0 > 0 }) {
      blocks.append(
        .statements(
          [0.5, 0.9, 0.95].map { fraction in
            HTMLStatement(
              "\(analysis.count(explaining: fraction))",
              HTMLText(
                """
                principal components explain \(NumberText.percent(fraction, decimals: 0)) of the variance of the \
                training images.
                """
              ))
          }))
      blocks.append(
        .gallery([
          HTMLFigure("data-variance", explained, caption: "Cumulative sum over the leading components."),
          HTMLFigure(
            "data-scatter", scatter,
            caption: "A random sample of training images, projected onto the first two components."),
        ]))
      if !analysis.components.isEmpty { blocks.append(.figure(pictures)) }
    } else {
      blocks.append(.note("All training images are identical, so there are no principal components."))
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
      vertical: Axis("fraction of variance", format: .percent, range: 0...1),
      series: [LinePlot.Series("cumulative", points)])
  }

  private static let maxGroups = 20

  private var scatter: ScatterPlot {
    let byLabel = Dictionary(grouping: exploration.components.scatter, by: \.label)
    let groups = byLabel.sorted { $0.key < $1.key }.prefix(Self.maxGroups).map { label, points in
      ScatterPlot.Group(names[label], points.map { PlotPoint(Double($0.x), Double($0.y)) })
    }
    return ScatterPlot(
      "First two principal components", horizontal: Axis("first component"), vertical: Axis("second component"),
      groups: groups)
  }

  /// Signed pictures that share one symmetric range, so that zero is the middle of the color scale.
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
      caption: "The first \(maps.count) components. Red and blue areas vary in opposite directions.",
      scale: ColorScale(Axis("weight", range: -highest...highest), map: .diverging))
  }
}
