internal import Text

extension TreePlot {
  private static let boxWidth = 320.0
  private static let boxHeight = 62.0
  private static let stepHeight = 108.0
  private static let stubWidth = 130.0
  private static let top = 44.0

  package var summary: String {
    let path = steps.map { "\($0.test): \($0.value), \($0.taken.answer)" }.joined(separator: "; ")
    return "Path through a decision tree with \(QuantityText.count(steps.count, "test")). "
      + (path.isEmpty ? "" : path + ". ")
      + "Leaf: \(Self.composition(leaf, classes))."
  }

  package var svg: SVG {
    var content = [PlotFrame.title(title, width: PlotFrame.width)]
    for (index, step) in steps.enumerated() { content += markup(step, top: Self.top + Double(index) * Self.stepHeight) }
    let bottom = Self.top + Double(steps.count) * Self.stepHeight
    content += box(
      bottom, style: "plot-leaf", title: "leaf", detail: Self.composition(leaf, classes), counts: leaf)
    return SVG(
      width: PlotFrame.width, height: bottom + Self.boxHeight + 10, title: title, summary: summary, content: content)
  }

  /// The number of images and the two most frequent classes.
  private static func composition(_ counts: [Int], _ classes: [String]) -> String {
    let total = counts.reduce(0, +)
    let images = QuantityText.count(total, "image")
    let order = counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$1], $0) < (counts[$0], $1) }
    let fractions = order.prefix(2).map {
      "\(classes[$0]) \(NumberText.percent(Double(counts[$0]) / Double(total), decimals: 0))"
    }
    return ([images] + fractions).joined(separator: ", ")
  }

  /// A node: its test, its training images, and a bar of their classes.
  private func box(_ top: Double, style: String, title: String, detail: String, counts: [Int]) -> [Markup] {
    let left = (PlotFrame.width - Self.boxWidth) / 2
    let room = Self.boxWidth - 28
    let shape = Markup(
      "rect",
      [
        "class": style, "x": left.coordinate, "y": top.coordinate, "width": Self.boxWidth.coordinate,
        "height": Self.boxHeight.coordinate, "rx": "8",
      ])
    let texts = [
      PlotText.label(PlotText.truncated(title, width: room), x: left + 14, y: top + 21, style: "plot-strong"),
      PlotText.label(PlotText.truncated(detail, width: room), x: left + 14, y: top + 38),
    ]
    return [shape] + texts + fractions(counts, left: left + 14, top: top + 46, width: room)
  }

  private func fractions(_ counts: [Int], left: Double, top: Double, width: Double) -> [Markup] {
    let total = Double(max(1, counts.reduce(0, +)))
    var x = left
    return counts.enumerated().filter { $0.element > 0 }.map { place, count in
      let length = width * Double(count) / total
      var path = SVGPath()
      path.rectangle(x, top, width: max(0, length - (length > 3 ? 1 : 0)), height: 6)
      x += length
      return path.markup("plot-bar " + PlotStyle.fill(place), title: "\(classes[place]): \(count)")
    }
  }

  private func markup(_ step: Step, top: Double) -> [Markup] {
    let middle = PlotFrame.width / 2
    let (bottom, next) = (top + Self.boxHeight, top + Self.stepHeight)
    // The branch not taken leaves on its own side.
    let side = step.takesLeft ? 1.0 : -1.0
    let stub = middle + side * (Self.boxWidth / 2 + Self.stubWidth / 2 + 10)
    let edge = middle + side * Self.boxWidth / 2
    var (taken, other) = (SVGPath(), SVGPath())
    taken.move(middle, bottom)
    taken.vertical(next)
    other.move(edge, top + Self.boxHeight / 2)
    other.line(stub, top + Self.boxHeight / 2)
    other.vertical(bottom + 2)
    let (count, rest) = (
      QuantityText.count(step.taken.images, "image"), QuantityText.count(step.other.images, "image")
    )
    let detail = Self.composition(step.counts, classes)
    return box(top, style: "plot-box", title: step.test, detail: detail, counts: step.counts) + [
      other.markup("plot-reference"),
      PlotText.label(PlotText.truncated(step.other.answer, width: 120), x: stub, y: bottom + 16, .middle),
      PlotText.label(rest, x: stub, y: bottom + 31, .middle),
      taken.markup(PlotStyle.stroke(0)),
      PlotText.label(
        PlotText.truncated("\(step.value): \(step.taken.answer)", width: 150), x: middle + 12, y: bottom + 20,
        style: "plot-strong"),
      PlotText.label(count, x: middle + 12, y: bottom + 36),
    ]
  }
}
