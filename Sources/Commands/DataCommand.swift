internal import ArgumentParser
internal import Datasets

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Describes a data set: shapes, class counts, mean, standard deviation, duplicates, SHA-256.",
    usage: "atelier data [<options>]",
    discussion: """
      Reads and checks every file, so it also validates a data set. Supported formats:

      \(DatasetReaders.all.help)

      Example:  atelier data --data my-images
      """)

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var jsonOptions: JSONOptions

  func run() throws {
    try jsonOptions.check()
    let summary = DatasetSummary(try dataOptions.load())
    try jsonOptions.write(summary, text: summary.description)
  }
}
