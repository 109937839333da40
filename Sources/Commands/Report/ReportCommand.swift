internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Models
internal import Reports
internal import Runs

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a report of a run: data, models, attention maps, costs.",
    usage: "atelier report <run> [<options>]",
    discussion: """
      One page that needs nothing but a browser, with its pictures as files beside it. A run is named by its name, how \
      that begins, or as latest; `atelier runs` lists them. The models and the data set must still be where they were.

      Example:  atelier report latest
      Example:  atelier report latest --cost-error 20 --cost-review 0.5 --pdf
      """)

  @Argument(help: ArgumentHelp("The run.", valueName: "run"))
  var name: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The folder of the page (default: report, in the run's folder, which must be writable then).", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Flag(help: "Print the page as PDF, too; needs a browser such as Debian's chromium.")
  var pdf = false

  @OptionGroup var costs: CostOptions
  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions

  func run() throws {
    let browser = pdf ? try PrintedPage.browser() : nil
    let record = try RunFolders.record()
    let report = try RunReport(RunFolders.find(name, in: record), in: record)
    let context = try computeOptions.makeContext()
    let dataset = try report.loadData(dataOptions)
    let costs = try costs.model(classNames: dataset.classNames)
    Interruption.watch()
    let path = try writing(report) {
      let page = try report.page(of: dataset, costs: costs, on: context, options: computeOptions)
      return try ReportFolder.write(Report(page), to: output ?? report.folder)
    }
    try StandardOutput.write("the report is \(path)")
    if let browser { try StandardOutput.write("printed as \(PrintedPage.print(path, with: browser))") }
  }

  /// While the report goes into the run's folder, no other process works on the run.
  private func writing(_ report: RunReport, _ body: () throws -> String) throws -> String {
    output == nil ? try RunFolders.withLock(on: report.run.name, body) : try body()
  }
}
