/// What the live page takes from the report's page: it has a frame of its own, and draws sections anew one by one.
extension HTMLPage {
  /// The styles that sections and plots need.
  package static var styleSheet: String { PageStyle.sheet.source + PlotStyle.sheet.source }
}

extension HTMLSection {
  /// What stands below the section's heading.
  package var content: String { blocks.map(\.markup.source).joined(separator: "\n") }
}
