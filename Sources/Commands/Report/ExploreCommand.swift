internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline
internal import Reports

struct ExploreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore",
    abstract: "Explores a data set: classes, pixels, components, duplicates, possible label errors.",
    usage: "atelier explore [<options>]",
    discussion: """
      Writes an HTML page, with its images as files beside it. `atelier data` prints the basic statistics.

      Example:  atelier explore --data my-images --output my-images-report
      """)

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Folder for the page (default: runs/<time>/report).", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Number of sampled training images in which to search for neighbors (default: all).", valueName: "n"))
  var images: Int?

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    if let images, images < 1 { throw ValidationError("--images must be at least 1, not \(images)") }
  }

  func run() throws {
    try jsonOptions.check()
    let dataset = try dataOptions.request.load(computeOptions)
    let context = try computeOptions.makeContext()
    Interruption.watch()
    var settings = ExplorationSettings()
    settings.searchedImages = images
    let progress = ProgressReporter("explore", options: computeOptions)
    let exploration = try DataExploration(dataset, settings: settings, on: context) { progress.report($0) }
    progress.end()
    let page = HTMLPage(
      title: "Data set \(dataset.name)", subtitle: "SHA-256 \(exploration.summary.digest)",
      sections: [DataChapter(exploration, of: dataset).section], footer: ReportPage.footer)
    let path =
      try output.map { try ReportFolder.write(Report(page), to: $0) }
      ?? RunFolders.standard.withNewFolder { try ReportFolder.write(Report(page), to: "\($0)/report") }
    try jsonOptions.write(exploration, text: "\(exploration.summary.description)\n\nexploration written to \(path)")
  }
}
