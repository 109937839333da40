/// A self-contained page: it needs no network, no scripts and no fonts.
///
/// The page is HTML5 and well-formed XML at the same time. It is readable on a phone, on paper and with a screen
/// reader, in the light or dark colors of the reader's system.
package struct HTMLPage: Sendable {
  package var title: String
  /// A line below the title, for instance the subject of the page.
  package var subtitle: String
  package var sections: [HTMLSection]
  /// The last line, for instance the program that wrote the page.
  package var footer: String
  /// The address of a script, for the live page only; the script may connect only to the page's own host.
  package var script: String?

  /// - Parameter sections: all identifiers, including those of subsections, are unique.
  package init(
    title: String, subtitle: String = "", sections: [HTMLSection], footer: String = "", script: String? = nil
  ) {
    (self.title, self.subtitle, self.sections) = (title, subtitle, sections)
    (self.footer, self.script) = (footer, script)
  }
}

/// A chapter of a page, or a part of one.
package struct HTMLSection: Sendable {
  package var identifier: Identifier
  package var title: String
  package var blocks: [HTMLBlock]
  package var subsections: [HTMLSection]

  package init(_ identifier: Identifier, title: String, _ blocks: [HTMLBlock], subsections: [HTMLSection] = []) {
    (self.identifier, self.title, self.blocks, self.subsections) = (identifier, title, blocks, subsections)
  }
}

/// A block of a section.
package indirect enum HTMLBlock: Sendable {
  case paragraph(HTMLText)
  /// A highlighted remark, such as a limit of a method or a warning.
  case note(HTMLText)
  case list([HTMLText])
  case statements([HTMLStatement])
  case cards([HTMLCard])
  case table(HTMLTable)
  case figure(HTMLFigure)
  /// Figures in a grid, as many per row as fit.
  case gallery([HTMLFigure])
  case definitions([HTMLDefinition])
  /// Preformatted lines, such as a command or a file.
  case code(String)
  /// A collapsible block; it is expanded in print.
  case details(summary: String, [HTMLBlock])
}

/// A sentence beside the number it is based on.
package struct HTMLStatement: Sendable, Equatable {
  package var number: String
  package var sentence: HTMLText

  package init(_ number: String, _ sentence: HTMLText) { (self.number, self.sentence) = (number, sentence) }
}

/// A key figure.
package struct HTMLCard: Sendable, Equatable {
  package var name: String
  package var value: String
  /// Small print below the value, such as an interval.
  package var remark: String

  package init(_ name: String, _ value: String, remark: String = "") {
    (self.name, self.value, self.remark) = (name, value, remark)
  }
}

package struct HTMLDefinition: Sendable, Equatable {
  package var term: String
  package var definition: HTMLText

  package init(_ term: String, _ definition: HTMLText) { (self.term, self.definition) = (term, definition) }
}

/// A table. The first cell of a row is its header.
package struct HTMLTable: Sendable, Equatable {
  package enum Alignment: Sendable { case text, number }

  package struct Column: Sendable, Equatable {
    package var title: String
    package var alignment: Alignment

    package init(_ title: String, _ alignment: Alignment) { (self.title, self.alignment) = (title, alignment) }
  }

  package var caption: String
  package var columns: [Column]
  /// (rows, columns)
  package var rows: [[HTMLText]]
  /// The index of a highlighted row, such as the best one.
  package var emphasized: Int?

  /// - Parameter rows: each with one cell per column
  package init(_ caption: String, columns: [Column], rows: [[HTMLText]], emphasized: Int? = nil) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "every row has one cell per column")
    (self.caption, self.columns, self.rows, self.emphasized) = (caption, columns, rows, emphasized)
  }
}

/// A plot or a picture with a caption.
package struct HTMLFigure: Sendable {
  package enum Content: Sendable {
    case plot(SVG)
    /// - Parameter alternative: the text for readers who cannot see the picture
    case picture(Picture, alternative: String)
  }

  /// The name of the figure's file, without the extension.
  package var name: Identifier
  package var content: Content
  package var caption: HTMLText
  /// The color scale below a picture.
  package var scale: SVG?

  package init(_ name: Identifier, _ plot: some Plot, caption: HTMLText) {
    (self.name, self.content, self.caption) = (name, .plot(plot.svg), caption)
  }

  package init(
    _ name: Identifier, _ picture: Picture, alternative: String, caption: HTMLText, scale: ColorScale? = nil
  ) {
    (self.name, self.content, self.caption) = (name, .picture(picture, alternative: alternative), caption)
    self.scale = scale?.svg
  }
}
