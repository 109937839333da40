internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Launching
internal import Logging
internal import Models
internal import Text

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluates a saved model on the test images of a data set.",
    usage: "atelier evaluate <model> [<options>]",
    discussion: """
      Prints accuracy (also top-2 and top-3), log loss, Brier score, expected calibration error, precision, recall and \
      F1 of each class, and the confusion matrix. With --workers or --listen, the images are distributed in blocks.

      Example:  atelier evaluate runs/…/forest.safetensors --json forest.json
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @OptionGroup var dataOptions: DataOptions
  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    try DistinctFiles.check(["the model": model, "--json": jsonOptions.json, "--events": clusterOptions.events])
  }

  func run() throws {
    if try clusterOptions.workForLaunchedJob(computeOptions) { return }
    try jsonOptions.check()
    let context = try computeOptions.makeContext(launched: clusterOptions.job?.threads(ofCores: availableCores()))
    let loaded = try LoadedModel(path: model)
    let metadata = loaded.saved.metadata
    let dataset = try dataOptions.load(classes: loaded.classes)
    try loaded.check(fits: dataset)
    Interruption.watch()
    let digest = dataset.digest
    if digest != metadata.dataDigest {
      computeOptions.logger.warning(
        "the model was trained on another data set: \(metadata.dataName.printable), \(metadata.dataDigest.printable)")
    }
    let progress = ProgressReporter("evaluate", options: computeOptions)
    let log = { (text: String) in computeOptions.logger.info("\(text)") }
    let cluster = try Cluster(clusterOptions.settings(threads: context.team.count, log: log), on: context, log: log)
    defer { cluster.close(isOver: true) }
    let evaluation = try Evaluation(
      probabilities: cluster.probabilities(
        of: loaded.classifier, saved: loaded.saved, for: dataset.test, progress: progress.report),
      labels: dataset.test.labels, classNames: dataset.classNames)
    progress.end()
    let report = EvaluationReport(
      model: model, kind: metadata.kind, modelDigest: loaded.saved.digest, data: dataset.name, dataDigest: digest,
      evaluation: evaluation)
    try jsonOptions.write(report, text: evaluation.description)
  }
}

private struct EvaluationReport: Encodable {
  let model: String
  let kind: ModelKind
  let modelDigest: String
  let data: String
  let dataDigest: String
  let evaluation: Evaluation
}
