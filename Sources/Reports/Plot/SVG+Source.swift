extension SVG {
  /// For a page, which has ``PlotStyle``'s sheet already.
  var inline: Markup { markup(before: []) }

  /// A file of its own: with its style, and paper below it.
  package var document: String {
    let paper = Markup("rect", ["class": "plot-paper", "width": width.coordinate, "height": height.coordinate])
    return markup(before: [Markup("style", [:], [PlotStyle.sheet]), paper]).source + "\n"
  }

  private func markup(before: [Markup]) -> Markup {
    Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "plot-image", "role": "img",
        "aria-label": "\(title). \(summary)",
        "viewBox": "0 0 \(width.coordinate) \(height.coordinate)", "width": width.coordinate,
        "height": height.coordinate,
      ],
      [.lines([Markup("title", text: title), Markup("desc", text: summary)] + before + content)])
  }
}
