internal import ArgumentParser
internal import Datasets
internal import Text

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Describes a data set: format, classes, sizes, skipped files, conversion, duplicates, SHA-256.",
    usage: "atelier data [<path>] [<options>]",
    discussion: """
      Reads and checks every file, and prints the command to continue with. Damaged images are listed, and the exit \
      status is then 65, unless --damaged skip is given. Supported formats:

      \(DatasetReaders.all.help)

      Example:  atelier data my-images
      Example:  atelier data my-images --size 64 --fit pad --color gray
      """)

  @Argument(help: ArgumentHelp("Folder or file of the data set: the same as --data.", valueName: "path"))
  var path: String?

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    if path != nil, dataOptions.source.data != nil {
      throw ValidationError("specify the data set by its path or by --data, not both")
    }
  }

  func run() throws {
    try jsonOptions.check()
    var request = dataOptions.request
    request.data = path ?? request.data
    // Unless the user says what to do with damaged images, all of them are listed, and the status reports them.
    var tolerant = request
    let choice = tolerant.skipDamagedByDefault()
    // The text contains the notes.
    let dataset = try tolerant.load(computeOptions, logsNotes: false)
    let isDamaged = !dataset.damaged.isEmpty
    let report = DataReport(
      summary: DatasetSummary(dataset),
      next: "atelier train forest\((isDamaged ? tolerant : request).shellArguments)")
    try jsonOptions.write(report, text: "\(report.summary)\n\ncontinue with    \(report.next)")
    if isDamaged, choice == nil { throw ExitCode(ExitStatus.badData) }
  }
}

/// The summary of a data set, and the command to continue with.
private struct DataReport: Encodable {
  let summary: DatasetSummary
  let next: String

  private enum CodingKeys: CodingKey { case next }

  func encode(to encoder: any Encoder) throws {
    try summary.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(next, forKey: .next)
  }
}
