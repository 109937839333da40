internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Logging
internal import Models
internal import Progress
internal import Text

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classifies \(ImageDecoders.all.names) images, with probabilities.",
    usage: "atelier predict <model> <image> ... [<options>]",
    discussion: """
      An argument is an image file; a folder, of which all images are classified; a list of files (.txt with a name on \
      each line, or .csv or .tsv with the column path), whose names are relative to the folder of the list; or -, \
      which reads names from standard input, separated by newlines or NUL bytes.

      Images are converted to the size and color of the training images as in the training. Images that cannot be used \
      are reported and skipped, and the exit status is then 65 (66 if they are missing files only). Models of older \
      versions have no rule for the conversion: they need images of the same shape, else the exit status is 78.

      Example:  atelier predict runs/…/cnn.safetensors shirt.png bag.jpg
      Example:  find photos -name '*.jpg' -print0 | atelier predict runs/…/cnn.safetensors - --format csv
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Argument(
    help: ArgumentHelp(
      "\(ImageDecoders.all.names) files, folders or lists to classify; - for names from standard input.",
      valueName: "image"),
    completion: .file(extensions: ImageDecoders.all.endings + ImageArguments.listEndings))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "Number of classes to print for each image, the most probable first. Other formats than text have all.",
      valueName: "n"))
  var top = 3

  @Option(
    help: ArgumentHelp(
      """
      Format on standard output: text, csv (a header, and a line for each image), or jsonl (a JSON object on each \
      line). Lines of csv and jsonl are written as images are classified.
      """, valueName: "text|csv|jsonl"))
  var format = PredictionFormat.text

  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if format != .text, jsonOptions.json == "-" {
      throw ValidationError("--format \(format.rawValue) and --json - cannot be combined")
    }
    try DistinctFiles.check(["the model": model, "--json": jsonOptions.json])
    for image in images { try DistinctFiles.check(["an image": image, "--json": jsonOptions.json]) }
  }

  func run() throws {
    try jsonOptions.check()
    let context = try computeOptions.makeContext()
    let loaded = try LoadedModel(path: model)
    let arguments = ImageArguments(images)
    report(skipped: arguments.skipped)
    Interruption.watch()
    let classification = Classification(loaded, arguments.files, context, computeOptions)
    for error in arguments.failures { classification.fail(error) }
    var kept: [Prediction] = []
    let keepsAll = format == .text || jsonOptions.json != nil
    if format == .csv { try StandardOutput.write(bytes: Prediction.csvHeader(loaded.saved.metadata.classNames)) }
    try classification.run { predictions in
      if keepsAll { kept += predictions }
      switch format {
      case .text: break
      case .csv: try StandardOutput.write(bytes: predictions.flatMap(\.csvLine))
      case .jsonl: try StandardOutput.write(bytes: predictions.flatMap { try $0.jsonLine() })
      }
    }
    if classification.count > 0 || classification.failures.isEmpty {
      if format == .text { try jsonOptions.writeText(Prediction.text(kept, top: top)) }
      try jsonOptions.write(kept)
    }
    try classification.finish()
  }

  /// Logs the files in folders that are not classified.
  private func report(skipped: [FileName]) {
    let unsupported = skipped.filter(\.isUnsupportedImage)
    let others = skipped.count - unsupported.count
    if others > 0 {
      let files = others == 1 ? "file in the folders is not an image" : "files in the folders are not images"
      computeOptions.logger.warning("\(others) \(files)")
    }
    if !unsupported.isEmpty {
      let images = unsupported.count == 1 ? "1 image has" : "\(unsupported.count) images have"
      computeOptions.logger.warning(
        """
        \(images) a format that is not supported: \(unsupported.map(\.shown.printable).listed(atMost: 3)); convert to \
        PNG or JPEG what should be classified
        """)
    }
  }
}
