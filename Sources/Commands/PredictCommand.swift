internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Logging
internal import Models
internal import Text

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classifies \(ImageDecoders.all.names) images, with probabilities.",
    usage: "atelier predict <model> <image> ... [<options>]",
    discussion: """
      The images must have the height, width and number of channels of the training images; transparent pixels are \
      blended onto white. Images that cannot be used are reported and skipped, and the exit status is then 65 (66 if \
      all of them are missing, 78 if all of them have another shape).

      Example:  atelier predict runs/…/cnn.safetensors shirt.png bag.png
      """)

  @Argument(help: "Model file, as saved by atelier.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Argument(
    help: ArgumentHelp("\(ImageDecoders.all.names) files to classify.", valueName: "image"),
    completion: .file(extensions: ImageDecoders.all.endings))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "Number of classes to print for each image, the most probable first. JSON output has all.", valueName: "n"))
  var top = 3

  @OptionGroup var computeOptions: ComputeOptions
  @OptionGroup var jsonOptions: JSONOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    try DistinctFiles.check(["the model": model, "--json": jsonOptions.json])
    for image in images { try DistinctFiles.check(["an image": image, "--json": jsonOptions.json]) }
  }

  func run() throws {
    try jsonOptions.check()
    let context = try computeOptions.makeContext()
    let loaded = try LoadedModel(path: model)
    let shape = loaded.classifier.imageShape
    var (usable, failures): ([(path: String, file: DecodedImage)], [DatasetError]) = ([], [])
    for path in images {
      do throws(DatasetError) { usable.append((path, try read(path, shape: shape))) } catch {
        computeOptions.logger.error("\(error.description.printable)")
        failures.append(error)
      }
    }
    let blended = usable.filter(\.file.isBlended)
    if let first = blended.first {
      computeOptions.logger.warning(
        "transparent pixels were blended onto white in \(counted(blended.count, "image")): \(first.path.printable)")
    }
    if !usable.isEmpty || failures.isEmpty { try predict(usable, loaded, context) }
    guard failures.isEmpty else {
      computeOptions.logger.error("\(failures.count) of \(counted(images.count, "image")) could not be predicted")
      if failures.allSatisfy(\.isMissing) { throw ExitCode(ExitStatus.noInput) }
      throw ExitCode(failures.allSatisfy(\.isWrongShape) ? ExitStatus.wrongShape : ExitStatus.badData)
    }
  }

  private func predict(
    _ images: [(path: String, file: DecodedImage)], _ loaded: LoadedModel, _ context: ComputeContext
  ) throws {
    let shape = loaded.classifier.imageShape
    Interruption.watch()
    let probabilities = try loaded.classifier.probabilities(
      for: LabeledImages(
        shape: shape, pixels: images.flatMap { $0.file.image(channels: shape.channels).pixels },
        labels: [UInt8](repeating: 0, count: images.count)),
      on: context, progress: { _ in !Interruption.isRequested })
    try EvaluationError.check(probabilities, classCount: loaded.classifier.classCount)
    let names = loaded.saved.metadata.classNames
    let predictions = images.enumerated().map { index, image in
      Prediction(
        image: image.path, classNames: names,
        probabilities: Array(probabilities[index * names.count..<(index + 1) * names.count]))
    }
    try jsonOptions.write(predictions, text: text(predictions))
  }

  private func read(_ path: String, shape: ImageShape) throws(DatasetError) -> DecodedImage {
    let file = try ImageDecoders.all.read(path)
    let found = file.image(channels: shape.channels).shape
    guard found == shape else { throw .wrongShape(path: path, images: found, model: shape) }
    return file
  }

  private func text(_ predictions: [Prediction]) -> String {
    let top = min(top, predictions.first?.classes.count ?? 0)
    var table = TextTable([.left] + Array(repeating: .left, count: top))
    for prediction in predictions {
      let classes = prediction.classes.prefix(top).map {
        "\($0.name) \(formatted(100 * Double($0.probability), digits: 1)) %"
      }
      table.add([prediction.image.printable] + classes)
    }
    return table.text
  }
}

/// The prediction of a model for one image.
private struct Prediction: Encodable {
  struct ClassProbability: Encodable {
    let name: String
    let probability: Float
  }
  let image: String
  let prediction: String
  /// All classes, the most probable first; equal probabilities in the order of their labels.
  let classes: [ClassProbability]

  init(image: String, classNames: [String], probabilities: [Float]) {
    self.image = image
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    classes = order.map { ClassProbability(name: classNames[$0], probability: probabilities[$0]) }
    prediction = classes[0].name
  }
}
