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

      The data set can have any format and images of any size, which are converted as those of the training. Its \
      classes must be classes of the model. If it has no test set, the images that a training would split off as one \
      are evaluated, or all with --all-images; if it cannot be split, because no class has two images or there is only \
      one class, all are. With --data -, standard input has the paths of images, with labels in a second column or \
      with the names of their folders as labels; all of them are evaluated.

      Damaged images, also those for training, are reported and left out, and the exit status is then 65. With \
      --damaged skip, it is 0; with --damaged stop, the first one ends the command.

      Example:  atelier evaluate runs/…/forest.safetensors --json forest.json
      Example:  atelier evaluate forest.safetensors --data new-images --all-images
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Flag(
    help: """
      Evaluate all images of the data set instead of its test images: for images that the model was not trained on.
      """)
  var allImages = false

  @OptionGroup var dataOptions: DataSourceOptions
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
    // A list on standard input names the images to evaluate.
    let allImages = allImages || dataOptions.request.isStandardInput
    let loaded = try LoadedModel(path: model)
    let metadata = loaded.saved.metadata
    var request = dataOptions.request
    request.isForEvaluation = true
    let choice = request.skipDamagedByDefault()
    let dataset = try loaded.load(request, computeOptions)
    Interruption.watch()
    let digest = dataset.digest
    if digest != metadata.dataDigest {
      let isPart = dataset.details.isSplit && !allImages
      let advice =
        isPart
        ? "; only \(counted(dataset.test.count, "image")) of \(dataset.train.count + dataset.test.count) "
          + "\(dataset.test.count == 1 ? "is" : "are") evaluated, use --all-images for all" : ""
      computeOptions.logger.warning(
        """
        the model was trained on another data set: \(metadata.dataName.printable), \
        \(metadata.dataDigest.printable)\(advice)
        """)
    } else if allImages {
      computeOptions.logger.warning("the evaluated images include those that the model was trained on")
    }
    if allImages, dataset.details.isSplit {
      computeOptions.logger.info("all \(dataset.train.count + dataset.test.count) images are evaluated")
    }
    let images = allImages ? dataset.train.appending(dataset.test) : dataset.test
    let progress = ProgressReporter("evaluate", options: computeOptions)
    let log = { (text: String) in computeOptions.logger.info("\(text)") }
    let cluster = try Cluster(clusterOptions.settings(threads: context.team.count, log: log), on: context, log: log)
    defer { cluster.close(isOver: true) }
    let evaluation = try Evaluation(
      probabilities: cluster.probabilities(
        of: loaded.classifier, saved: loaded.saved, for: images, progress: progress.report),
      labels: images.labels, classNames: dataset.classNames)
    progress.end()
    let report = EvaluationReport(
      model: model, kind: metadata.kind, modelDigest: loaded.saved.digest, data: dataset.name, dataDigest: digest,
      evaluation: evaluation)
    try jsonOptions.write(report, text: evaluation.description)
    guard dataset.damaged.isEmpty || choice != nil else {
      computeOptions.logger.error(
        """
        \(counted(dataset.damaged.count, "damaged image")) of \(dataset.name.printable) \
        \(dataset.damaged.count == 1 ? "was" : "were") left out; to accept this, use --damaged skip
        """)
      throw ExitCode(ExitStatus.badData)
    }
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
