/// A page that needs nothing but itself: no network, no script, no font.
///
/// It is HTML5 that is well-formed XML at the same time, readable on a phone, on paper, by a screen reader, and in the
/// light or dark colours that the reader's system asks for.
package struct HTMLPage: Sendable {
  package var title: String
  /// A line below the title, as what the page is about.
  package var subtitle: String
  package var sections: [HTMLSection]
  /// The last line, as which program wrote the page.
  package var footer: String
  /// The address of a script, for the live page alone; it may talk to the page's own host only.
  package var script: String?

  /// - Parameter sections: each with an identifier of its own, subsections too.
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

/// What sections are made of.
package indirect enum HTMLBlock: Sendable {
  case paragraph(HTMLText)
  /// Something to keep in mind, set apart: a limit of a method, a warning.
  case note(HTMLText)
  case list([HTMLText])
  case statements([HTMLStatement])
  case cards([HTMLCard])
  case table(HTMLTable)
  case figure(HTMLFigure)
  /// Figures side by side where there is room.
  case gallery([HTMLFigure])
  case definitions([HTMLDefinition])
  /// Lines as they are, as a command or a file.
  case code(String)
  /// What can be folded away; on paper it is open.
  case details(summary: String, [HTMLBlock])
}

/// A sentence with the number that it rests on beside it.
package struct HTMLStatement: Sendable, Equatable {
  package var number: String
  package var sentence: HTMLText

  package init(_ number: String, _ sentence: HTMLText) { (self.number, self.sentence) = (number, sentence) }
}

/// A key figure.
package struct HTMLCard: Sendable, Equatable {
  package var name: String
  package var value: String
  /// In small letters below, as an interval.
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

/// Rows of cells. The first cell of a row is its name.
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
  /// The row that stands out, as the best.
  package var emphasised: Int?

  /// - Parameter rows: with one cell for each column.
  package init(_ caption: String, columns: [Column], rows: [[HTMLText]], emphasised: Int? = nil) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "a cell for each column")
    (self.caption, self.columns, self.rows, self.emphasised) = (caption, columns, rows, emphasised)
  }
}

/// A plot or a picture with what it shows in words.
package struct HTMLFigure: Sendable {
  package enum Content: Sendable {
    case plot(SVG)
    /// - Parameter alternative: what the picture shows, for those who do not see it.
    case picture(Picture, alternative: String)
  }

  /// The name of the file beside the page, without its ending.
  package var name: Identifier
  package var content: Content
  package var caption: HTMLText
  /// Below a picture: what its colours mean.
  package var scale: SVG?

  package init(_ name: Identifier, _ plot: some Plot, caption: HTMLText) {
    (self.name, self.content, self.caption) = (name, .plot(plot.svg), caption)
  }

  package init(
    _ name: Identifier, _ picture: Picture, alternative: String, caption: HTMLText, scale: ColourScale? = nil
  ) {
    (self.name, self.content, self.caption) = (name, .picture(picture, alternative: alternative), caption)
    self.scale = scale?.svg
  }
}
