internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Logging
internal import Models

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classifies PNG images, with probabilities.",
    usage: "atelier predict <model> <image> ... [<options>]",
    discussion: """
      The images must have the height, width and channels of those that the model was trained on; transparent pixels are \
      blended onto white. An image that cannot be used is reported, the others are predicted, and the exit status is 65 (66 \
      if all that failed do not exist).

      Example:  atelier predict runs/…/cnn.safetensors shirt.png bag.png
      """)

  @Argument(help: "A model that atelier saved.", completion: .file(extensions: ["safetensors"]))
  var model: String

  @Argument(help: ArgumentHelp("PNG images.", valueName: "image"), completion: .file(extensions: ["png"]))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "How many classes to name for each image, the most probable first. JSON has all.", valueName: "n"))
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
    var (usable, failures): ([(path: String, file: PNGFile)], [DatasetError]) = ([], [])
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
      throw ExitCode(failures.allSatisfy(\.isMissing) ? ExitStatus.noInput : ExitStatus.badData)
    }
  }

  private func predict(
    _ images: [(path: String, file: PNGFile)], _ loaded: LoadedModel, _ context: ComputeContext
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

  private func read(_ path: String, shape: ImageShape) throws(DatasetError) -> PNGFile {
    let file = try PNGFile(path: path)
    let found = file.image(channels: shape.channels).shape
    guard found == shape else {
      throw .inconsistent(path: path, reason: "is an image of \(found); the model was trained on \(shape)")
    }
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

/// What a model says about one image.
private struct Prediction: Encodable {
  struct ClassProbability: Encodable {
    let name: String
    let probability: Float
  }
  let image: String
  let prediction: String
  /// The most probable first; of equals, the lower label.
  let classes: [ClassProbability]

  init(image: String, classNames: [String], probabilities: [Float]) {
    self.image = image
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    classes = order.map { ClassProbability(name: classNames[$0], probability: probabilities[$0]) }
    prediction = classes[0].name
  }
}
