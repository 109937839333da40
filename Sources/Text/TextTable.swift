/// A plain-text table: columns are as wide as their widest cell and separated by two spaces.
package struct TextTable {
  /// The alignment of the cells of a column.
  package enum Alignment { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// - Parameter header: the first row; empty for none
  package init(_ alignments: [Alignment], header: [String] = []) {
    self.alignments = alignments
    if !header.isEmpty { add(header) }
  }

  /// - Parameter cells: at most one per column; missing cells are empty.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count <= alignments.count, "more cells than columns")
    rows.append(cells + Array(repeating: "", count: alignments.count - cells.count))
  }

  package var text: String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, zip(widths, alignments)).map { cell, layout in
        let space = String(repeating: " ", count: layout.0 - cell.count)
        return layout.1 == .left ? cell + space : space + cell
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
