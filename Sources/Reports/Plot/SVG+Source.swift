extension SVG {
  /// The markup within a page, which already contains ``PlotStyle/sheet``.
  var inline: Markup {
    // On a small screen, the plot scrolls rather than becoming unreadable; it is never enlarged by more than a fifth.
    let bounds = "min-width:min(\(width.coordinate)px,27rem);max-width:\((width * 1.2).coordinate)px"
    return markup(margin: 0, style: bounds, before: [])
  }

  /// A standalone SVG file with its style sheet and a background.
  package var document: String {
    let margin = 16.0
    let paper = Markup(
      "rect",
      [
        "class": "plot-paper", "x": (-margin).coordinate, "y": (-margin).coordinate,
        "width": (width + 2 * margin).coordinate, "height": (height + 2 * margin).coordinate,
      ])
    return markup(margin: margin, style: nil, before: [Markup("style", [:], [PlotStyle.sheet]), paper]).source + "\n"
  }

  private func markup(margin: Double, style: String?, before: [Markup]) -> Markup {
    let (width, height) = (width + 2 * margin, height + 2 * margin)
    let corner = (-margin).coordinate
    return Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "plot-image", "role": "img",
        "aria-label": "\(title). \(summary)",
        "viewBox": "\(corner) \(corner) \(width.coordinate) \(height.coordinate)", "width": width.coordinate,
        "height": height.coordinate, "style": style,
      ],
      [.lines([Markup("title", text: title), Markup("desc", text: summary)] + before + content)])
  }
}
