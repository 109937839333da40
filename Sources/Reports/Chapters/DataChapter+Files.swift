internal import Datasets
internal import Evaluation

extension DataChapter {
  /// How the files were read: format, sizes, conversion, and the files that were skipped; nil for a data set that was
  /// not read from files.
  var files: HTMLSection? {
    guard exploration.summary.details.reader != nil else { return nil }
    let table = HTMLTable(
      "Reading of the files", columns: [.init("", .text), .init("", .text)],
      rows: exploration.summary.reading.map { [HTMLText($0.name), HTMLText($0.text)] })
    return HTMLSection("data-files", title: "Files", [.table(table)])
  }
}
