internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Models
internal import Reports

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explains the predictions of a model.",
    usage: "atelier explain <model> [<options>]",
    discussion: """
      For a network: attention maps (Grad-CAM and others), with checks of their validity. For a forest or tree: pixel \
      importance, and decision paths of images. For nearest neighbors: the neighbors of images. Writes an HTML page, \
      with its images as files beside it.

      Example:  atelier explain runs/…/cnn.safetensors --layer 2 --class Shirt
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Folder for the page (default: NAME.explained, beside the model).", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Networks: number of the convolution to explain, from 1 (default: the last, most specific and coarsest).",
      valueName: "n"))
  var layer: Int?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "Networks: class to explain (default: the predicted class of each image).", valueName: "name"))
  var targetClass: String?

  @Option(
    help: ArgumentHelp("Numbers of test images to explain, in addition to sampled ones.", valueName: "n,n,…"))
  var images: IntegerList?

  @Option(
    help: ArgumentHelp("Number of sampled test images for the checks.", valueName: "n"))
  var samples = ExplanationSettings().sampledImages

  @OptionGroup var dataOptions: DataSourceOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func run() throws {
    try jsonOptions.check()
    let loaded = try LoadedModel(path: model)
    let metadata = loaded.saved.metadata
    if layer != nil || targetClass != nil, !(loaded.classifier is Network) {
      throw ModelError.badSettings(
        "\(layer != nil ? "--layer" : "--class") is an option for networks; \(model) is \(metadata.kind.family.noun)")
    }
    let dataset = try loaded.load(dataOptions.request, computeOptions)
    let settings = try settings(classNames: dataset.classNames)
    let context = try computeOptions.makeContext()
    Interruption.watch()
    let progress = ProgressReporter("explain", options: computeOptions)
    let explanation = try ModelExplanation.make(
      loaded.classifier, of: dataset, settings: settings, on: context, progress: progress.report)
    progress.end()
    guard let explanation else {
      throw ModelError.badSettings(
        "\(model): this model has no explanations; \(ModelExplanation.explainedModels) have them")
    }
    let page = HTMLPage(
      title: "Explanation of \(URL(fileURLWithPath: model).lastPathComponent)",
      subtitle: "\(model), digest \(loaded.saved.digest)",
      sections: [ExplanationChapter(explanation, of: dataset, name: metadata.kind.family.title).section],
      footer: ReportPage.footer)
    let path = try ReportFolder.write(Report(page), to: output ?? standardFolder)
    try jsonOptions.write(explanation, text: "explanation written to \(path)")
  }

  private var standardFolder: String {
    "\(ModelFileName.stem(of: model)).explained"
  }

  private func settings(classNames: [String]) throws -> ExplanationSettings {
    var settings = ExplanationSettings()
    (settings.block, settings.images, settings.sampledImages) = (layer, images?.numbers ?? [], samples)
    if let targetClass {
      guard let label = classNames.firstIndex(of: targetClass) else {
        throw ModelError.badSettings(
          "unknown class \"\(targetClass)\" for --class; the classes are \(classNames.joined(separator: ", "))")
      }
      settings.targetClass = label
    }
    return settings
  }
}

/// Integers separated by commas, or `none`.
struct IntegerList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    guard let numbers = integerList(argument, atMost: 1_000) else { return nil }
    self.numbers = numbers
  }
}
