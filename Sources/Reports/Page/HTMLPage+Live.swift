/// The parts of the report's page that the live page uses: it has its own frame, and renders sections one by one.
extension HTMLPage {
  /// The styles of sections and plots.
  package static var styleSheet: String { PageStyle.sheet.source + PlotStyle.sheet.source }
}

extension HTMLSection {
  /// The HTML below the section's heading.
  package var content: String { blocks.map(\.markup.source).joined(separator: "\n") }
}
