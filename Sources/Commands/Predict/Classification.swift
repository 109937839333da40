internal import ArgumentParser
internal import Compute
internal import Datasets
internal import Evaluation
internal import Logging
internal import Models
internal import Progress
internal import Text

/// The classification of image files: while the model classifies a batch, the next one is decoded.
final class Classification {
  private let loaded: LoadedModel
  private let files: [FileName]
  private let context: ComputeContext
  private let options: ComputeOptions
  /// The number of classified images.
  private(set) var count = 0
  private(set) var failures: [DatasetError] = []
  private var blended = Change()
  private var resized = Change()
  private var withoutColor = Change()

  /// Images that were changed alike: their number, and the name of the first.
  private struct Change {
    var count = 0
    var first = ""

    mutating func note(_ name: FileName) {
      if count == 0 { first = name.shown.printable }
      count += 1
    }
  }

  init(_ loaded: LoadedModel, _ files: [FileName], _ context: ComputeContext, _ options: ComputeOptions) {
    (self.loaded, self.files, self.context, self.options) = (loaded, files, context, options)
  }

  /// Reports and counts a file that cannot be used.
  func fail(_ error: DatasetError) {
    options.logger.error("\(error.description.printable)")
    failures.append(error)
  }

  /// Classifies the files, and calls `body` with the predictions of each batch, in the order of the files.
  /// - Throws: `CancellationError` if a signal stops it; ``EvaluationError``; errors of `body`
  func run(_ body: ([Prediction]) throws -> Void) throws {
    let shape = loaded.classifier.imageShape
    let reporter = ProgressReporter("predict", options: options)
    defer { reporter.end() }
    let start = ContinuousClock.now
    var (decoding, classifying, done) = (0.0, 0.0, 0)
    let stream = ImageFileStream(files, shape: shape, threads: context.team.count, convert: conversion)
    try stream.process { items, seconds in
      decoding += seconds
      let begin = ContinuousClock.now
      let predictions = try classify(items, shape)
      classifying += (ContinuousClock.now - begin) / .seconds(1)
      try body(predictions)
      done += items.count
      guard reporter.report(FitProgress(done: done, total: files.count, unit: .images)) else {
        throw CancellationError()
      }
    }
    reporter.end()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard seconds >= 1 else { return }
    options.logger.info(
      """
      \(counted(count, "image")) classified in \(formatted(seconds, digits: 1)) s: decoding took \
      \(formatted(decoding, digits: 1)) s, and at the same time the model \(formatted(classifying, digits: 1)) s
      """)
  }

  /// Logs what was changed and what failed.
  /// - Throws: `ExitCode` if not all images were classified
  func finish() throws {
    let conversion = loaded.saved.metadata.conversion
    report(blended, "transparent pixels were blended onto \(conversion.map { $0.backgroundName } ?? "white") in")
    report(withoutColor, "color was converted to gray, as the model requires, in")
    if resized.count > 0 {
      options.logger.info(
        """
        \(counted(resized.count, "image")) \(resized.count == 1 ? "was" : "were") resized to \
        \(loaded.classifier.imageShape.size) as in the training
        """)
    }
    guard failures.isEmpty else {
      options.logger.error(
        "\(failures.count) of \(counted(count + failures.count, "image")) could not be predicted")
      if failures.allSatisfy(\.isMissing) { throw ExitCode(ExitStatus.noInput) }
      throw ExitCode(failures.allSatisfy(\.isWrongShape) ? ExitStatus.wrongShape : ExitStatus.badData)
    }
  }

  private func report(_ change: Change, _ text: String) {
    guard change.count > 0 else { return }
    options.logger.warning("\(text) \(counted(change.count, "image")): \(change.first)")
  }

  /// The conversion of each image: that of the training, or none for a model that does not have it.
  private var conversion: @Sendable (DecodedImage, FileName) throws(DatasetError) -> ConvertedImage {
    let shape = loaded.classifier.imageShape
    guard let conversion = loaded.saved.metadata.conversion else {
      return { decoded, name throws(DatasetError) in
        let image = ConvertedImage(decoded, channels: shape.channels)
        guard image.image.shape == shape else {
          throw .wrongShape(path: name.shown, images: image.image.shape, model: shape)
        }
        return image
      }
    }
    return { decoded, _ throws(DatasetError) in ConvertedImage(decoded, conversion) }
  }

  private func classify(_ items: [ImageFileStream.Item], _ shape: ImageShape) throws -> [Prediction] {
    var (names, pixels): ([FileName], [UInt8]) = ([], [])
    pixels.reserveCapacity(items.count * shape.count)
    for item in items {
      switch item.image {
      case .failure(let error): fail(error)
      case .success(let image):
        names.append(item.name)
        pixels += image.image.pixels
        if image.isBlended { blended.note(item.name) }
        if image.isResized { resized.note(item.name) }
        if image.isWithoutColor { withoutColor.note(item.name) }
      }
    }
    count += names.count
    guard !names.isEmpty else { return [] }
    let probabilities = try loaded.classifier.probabilities(
      for: LabeledImages(shape: shape, pixels: pixels, labels: [UInt8](repeating: 0, count: names.count)),
      on: context, progress: { _ in !Interruption.isRequested })
    try EvaluationError.check(probabilities, classCount: loaded.classifier.classCount)
    let classNames = loaded.saved.metadata.classNames
    return names.enumerated().map { index, name in
      Prediction(
        of: name, classNames: classNames,
        probabilities: Array(probabilities[index * classNames.count..<(index + 1) * classNames.count]))
    }
  }
}

extension ImageConversion {
  /// The background for messages.
  fileprivate var backgroundName: String { background == .white ? "white" : background.description }
}
