internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Models
internal import Pipeline
internal import Reports
internal import Runs

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a report of a run: data, models, attention maps, costs.",
    usage: "atelier report <run> [<options>]",
    discussion: """
      The report is an HTML page, with its images as files beside it. A run is given by its name, the beginning of its \
      name, or latest; `atelier runs` lists runs. The models and the data set must still be in their original places.

      Example:  atelier report latest
      Example:  atelier report latest --cost-error 20 --cost-review 0.5 --pdf
      """)

  @Argument(help: ArgumentHelp("Name of the run, the beginning of the name, or latest.", valueName: "run"))
  var name: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Folder for the page (default: report, in the run's folder, which must then be writable).", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Flag(help: "Also print the page as PDF; requires a browser such as Debian's chromium.")
  var pdf = false

  @OptionGroup var costs: CostOptions
  @OptionGroup var dataOptions: DataSourceOptions
  @OptionGroup var computeOptions: ComputeOptions

  func run() throws {
    let browser = pdf ? try PrintedPage.browser() : nil
    let record = try RunFolders.standard.record()
    let report = try RunReport(RunFolders.standard.find(name, in: record), in: record)
    let context = try computeOptions.makeContext()
    let dataset = try report.loadData(dataOptions.request, computeOptions)
    let costs = try costs.model(classNames: dataset.classNames)
    Interruption.watch()
    let path = try writing(report) {
      let page = try report.page(of: dataset, costs: costs, on: context, options: computeOptions)
      return try ReportFolder.write(Report(page), to: output ?? report.folder)
    }
    try StandardOutput.write("report written to \(path)")
    if let browser { try StandardOutput.write("PDF written to \(PrintedPage.print(path, with: browser))") }
  }

  /// Locks the run while the report is written to its folder.
  private func writing(_ report: RunReport, _ body: () throws -> String) throws -> String {
    output == nil ? try RunFolders.standard.withLock(on: report.run.name, body) : try body()
  }
}
