/// The files of a report: a page and its figures.
package struct Report: Sendable {
  package struct File: Sendable, Equatable {
    package var name: String
    package var bytes: [UInt8]
  }

  package let page: HTMLPage

  package init(_ page: HTMLPage) { self.page = page }

  /// The page as `report.html`, then its figures as `<name>.svg` or `<name>.png` in the order of the page. If several
  /// figures have the same name, the second is `<name>-2`, and so on.
  package var files: [File] {
    var files = [File(name: "report.html", bytes: Array(page.html.utf8))]
    var names: Set<String> = []
    for figure in page.sections.flatMap(\.figures) {
      let (ending, bytes): (String, [UInt8]) =
        switch figure.content {
        case .plot(let svg): (".svg", Array(svg.document.utf8))
        case .picture(let picture, _): (".png", picture.png)
        }
      var (name, number) = (figure.name.text + ending, 1)
      while !names.insert(name).inserted {
        number += 1
        name = "\(figure.name.text)-\(number)\(ending)"
      }
      files.append(File(name: name, bytes: bytes))
    }
    return files
  }
}

extension HTMLSection {
  fileprivate var figures: [HTMLFigure] { blocks.flatMap(\.figures) + subsections.flatMap(\.figures) }
}

extension HTMLBlock {
  fileprivate var figures: [HTMLFigure] {
    switch self {
    case .figure(let figure): [figure]
    case .gallery(let figures): figures
    case .details(_, let blocks): blocks.flatMap(\.figures)
    case .paragraph, .note, .list, .statements, .cards, .table, .definitions, .code: []
    }
  }
}
