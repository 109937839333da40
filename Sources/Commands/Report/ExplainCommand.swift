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
      For a network: where it looks (Grad-CAM and others), with checks that the maps mean something. For a forest or tree: \
      which pixels matter, and the way of an image through it. For neighbors: which they are. Writes a page that any \
      browser shows, and its pictures as files beside it.

      Example:  atelier explain runs/…/cnn.safetensors --layer 2 --class Shirt
      """)

  @Argument(help: "A model that atelier saved.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder of the page (default: beside the model, NAME.explained).", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Networks: the convolution that is looked at, from 1 (default: the last, which knows most and sees coarsest).",
      valueName: "n"))
  var layer: Int?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "Networks: the class whose reasons are shown (default: the one that the network predicts).", valueName: "name"))
  var targetClass: String?

  @Option(
    help: ArgumentHelp("Test images to explain beside those that are drawn: numbers with commas.", valueName: "n,n,…"))
  var images: IntegerList?

  @Option(
    help: ArgumentHelp("Test images, drawn at random, on which the checks are made.", valueName: "n"))
  var samples = ExplanationSettings().sampledImages

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func run() throws {
    try jsonOptions.check()
    let loaded = try LoadedModel(path: model)
    let metadata = loaded.saved.metadata
    let dataset = try dataOptions.load(classes: loaded.classes)
    try loaded.check(fits: dataset)
    let settings = try settings(classNames: dataset.classNames)
    let context = try computeOptions.makeContext()
    Interruption.watch()
    let progress = ProgressReporter("explain", options: computeOptions)
    let explanation = try ModelExplanation.make(
      loaded.classifier, of: dataset, settings: settings, on: context, progress: progress.report)
    progress.end()
    let page = HTMLPage(
      title: "Why \(URL(fileURLWithPath: model).lastPathComponent) says what it says",
      subtitle: "\(model), digest \(loaded.saved.digest)",
      sections: [ExplanationChapter(explanation, of: dataset, name: metadata.kind.readableName).section],
      footer: ReportPage.footer)
    let path = try ReportFolder.write(Report(page), to: output ?? standardFolder)
    try jsonOptions.write(explanation, text: "the page is \(path)")
  }

  private var standardFolder: String {
    let ending = ".safetensors"
    return (model.hasSuffix(ending) ? String(model.dropLast(ending.count)) : model) + ".explained"
  }

  private func settings(classNames: [String]) throws -> ExplanationSettings {
    var settings = ExplanationSettings()
    (settings.block, settings.images, settings.sampledImages) = (layer, images?.numbers ?? [], samples)
    if let targetClass {
      guard let label = classNames.firstIndex(of: targetClass) else {
        throw ValidationError(
          "there is no class \"\(targetClass)\"; there are \(classNames.joined(separator: ", "))")
      }
      settings.targetClass = label
    }
    return settings
  }
}
