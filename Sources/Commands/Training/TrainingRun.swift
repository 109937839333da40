internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models

/// What every command that fits models has in common: the data, the threads, and the way from settings to a saved model.
struct TrainingRun {
  let dataset: Dataset
  let dataDigest: String
  let context: ComputeContext
  let options: ComputeOptions

  init(data: DataOptions, compute: ComputeOptions) throws {
    options = compute
    context = try compute.makeContext()
    dataset = try data.load()
    dataDigest = dataset.digest
    compute.logger.info(
      """
      \(dataset.name): \(dataset.train.count) training and \(dataset.test.count) test images of \(dataset.shape), \
      \(dataset.classCount) classes
      """)
    compute.logger.info("\(context.team.count) threads, instruction set \(context.instructionSet.rawValue)")
  }

  /// Fits a model, judges it by the test images, and saves it.
  ///
  /// - Parameters:
  ///   - path: where the model goes; checked before the fit begins.
  ///   - fit: the fit itself, where it is more than ``ModelSettings/fit(_:classCount:on:progress:)``.
  /// - Throws: `CancellationError` if the user stopped the fit; ``FileError``, ``ModelError``.
  func fit(
    _ settings: ModelSettings, savingTo path: String,
    by fit: ((_ progress: (FitProgress) -> Bool) throws -> any Classifier)? = nil
  ) throws -> FitReport {
    try FileReplacement.check(path)
    let clock = ContinuousClock()
    let start = clock.now
    let progress = ProgressReporter(settings.kind.rawValue, batch: settings.batch, options: options)
    let model =
      try fit?(progress.report)
      ?? settings.fit(dataset.train, classCount: dataset.classCount, on: context, progress: progress.report)
    progress.end()
    let fitSeconds = (clock.now - start) / .seconds(1)
    let evaluation: Evaluation
    let judging = clock.now
    do {
      evaluation = try judge(model)
    } catch {
      // Whoever stops the judging wants to keep what took long.
      try save(model, testAccuracy: nil, to: path)
      throw error
    }
    try save(model, testAccuracy: evaluation.accuracy, to: path)
    return FitReport(
      kind: settings.kind, settings: model.settings, data: dataset.name, dataDigest: dataDigest, file: path,
      testAccuracy: evaluation.accuracy, testImages: evaluation.images, fitSeconds: fitSeconds,
      testSeconds: (clock.now - judging) / .seconds(1), digest: model.digest,
      atelierVersion: atelierVersion, instructionSet: context.instructionSet.rawValue, threads: context.team.count)
  }

  private func judge(_ model: any Classifier) throws -> Evaluation {
    let progress = ProgressReporter("test images", options: options)
    defer { progress.end() }
    return try Evaluation(
      of: model, on: dataset.test, classNames: dataset.classNames, context: context, progress: progress.report)
  }

  private func save(_ model: any Classifier, testAccuracy: Double?, to path: String) throws(FileError) {
    try SavedModel(
      model, classNames: dataset.classNames, dataName: dataset.name, dataDigest: dataDigest, testAccuracy: testAccuracy
    ).write(to: path)
  }
}

extension ModelSettings {
  /// Images in one step of the training; nil for models that take no steps.
  fileprivate var batch: Int? {
    if case .cnn(let settings) = self { settings.batch } else { nil }
  }
}

/// What came out of a fit.
struct FitReport: Codable {
  let kind: ModelKind
  let settings: [String: String]
  let data: String
  let dataDigest: String
  let file: String
  let testAccuracy: Double
  let testImages: Int
  let fitSeconds: Double
  /// Of the test images: for nearest neighbours the work is there.
  let testSeconds: Double
  /// SHA-256 over the model's tensors.
  let digest: String
  let atelierVersion: String
  let instructionSet: String
  let threads: Int

  /// For a person.
  var text: String {
    var table = TextTable([.left, .left])
    table.add(["model", file])
    table.add(["accuracy", "\(formatted(testAccuracy, digits: 4)) on \(testImages) test images"])
    table.add(["seconds", "\(formatted(fitSeconds, digits: 1)) to fit, \(formatted(testSeconds, digits: 1)) to test"])
    table.add(["digest", digest])
    return table.text
  }
}
