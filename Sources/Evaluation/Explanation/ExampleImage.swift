internal import Compute
internal import Datasets
internal import Models
internal import Progress

/// A test image with a model's prediction, selected for a reason.
package struct ExampleImage: Sendable, Equatable, Codable {
  /// The reason why the image is shown.
  package enum Reason: String, Sendable, Codable, CaseIterable {
    /// The user requested it.
    case chosen
    /// A random sample of the correctly classified images of its class.
    case right
    /// A random sample of the incorrectly classified images of its class.
    case wrong
    /// One of the most confident errors.
    case confidentError
  }

  package let reason: Reason
  /// The index of the test image.
  package let image: Int
  package let label: Int
  package let prediction: Int
  /// By label.
  package let probabilities: [Float]

  package var isCorrect: Bool { prediction == label }
  package var confidence: Float { probabilities[prediction] }

  /// The second most probable class; of equally probable ones, the lowest. Nil if there is only one class.
  package var second: Int? {
    let others = probabilities.indices.filter { $0 != prediction }
    return others.max { (probabilities[$0], $1) < (probabilities[$1], $0) }
  }
}

/// The accuracy of a model on test images, with examples. Examples of classes are sampled at random: the most confident
/// ones would be unrepresentative.
struct ExampleSelection {
  /// The accuracy on the evaluated images.
  let accuracy: ProportionInterval
  /// Requested images first, then correct and incorrect ones by class, then the most confident errors.
  let examples: [ExampleImage]

  /// Returns the number of images to classify, if predictions are not known.
  static func evaluatedCount(_ dataset: Dataset, _ settings: ExplanationSettings) -> Int {
    min(settings.judgedImages ?? .max, dataset.test.count) + settings.images.count
  }

  /// - Parameter test: the model's predictions for all test images, if they are known
  /// - Throws: ``EvaluationError`` if the model returns invalid probabilities; `CancellationError` if stopped.
  init(
    of model: some Classifier, dataset: Dataset, settings: ExplanationSettings, test: Predictions?,
    on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws {
    let evaluated = KeyedSample.images(settings.judgedImages, of: dataset.test, seed: settings.seed, .evaluated)
    // Requested images follow the sample, which need not contain them.
    let places = evaluated + settings.images
    let images = dataset.test.selecting(places)
    let predictions =
      try test?.selecting(places)
      ?? Predictions(
        probabilities: model.probabilities(for: images, on: context, progress: progress), labels: images.labels,
        classCount: dataset.classCount)
    let sample = evaluated.indices
    accuracy = ProportionInterval(sample.count(where: predictions.isCorrect), of: evaluated.count)

    func example(_ place: Int, _ reason: ExampleImage.Reason) -> ExampleImage {
      let row = place * dataset.classCount..<(place + 1) * dataset.classCount
      return ExampleImage(
        reason: reason, image: places[place], label: Int(images.labels[place]),
        prediction: Int(predictions.predicted[place]), probabilities: Array(predictions.probabilities[row]))
    }
    func oneOfEachClass(_ use: KeyedSample.Use, _ reason: ExampleImage.Reason) -> [ExampleImage] {
      (0..<dataset.classCount).compactMap { label in
        let own = sample.filter {
          images.labels[$0] == label && predictions.isCorrect($0) == (reason == .right)
        }
        return KeyedSample.sample(1, of: own, seed: settings.seed, use, label: label).first.map { example($0, reason) }
      }
    }
    let errors = predictions.byConfidence(sample.filter { !predictions.isCorrect($0) })
    examples =
      (evaluated.count..<places.count).map { example($0, .chosen) } + oneOfEachClass(.correctExample, .right)
      + oneOfEachClass(.incorrectExample, .wrong)
      + errors.prefix(settings.confidentErrors).map { example($0, .confidentError) }
  }
}

extension KeyedSample {
  /// The indices of at most `limit` images, ascending; all if `limit` is nil.
  static func images(_ limit: Int?, of images: LabeledImages, seed: UInt64, _ use: Use) -> [Int] {
    let all = Array(0..<images.count)
    guard let limit, limit < images.count else { return all }
    return sample(limit, of: all, seed: seed, use).sorted()
  }
}

extension Classifier {
  /// - Throws: ``ModelError/wrongShape(model:images:)``; ``ModelError/badSettings(_:)`` for another number of classes.
  func checkFits(_ dataset: Dataset) throws(ModelError) {
    try check(dataset.shape)
    guard classCount == dataset.classCount else {
      throw .badSettings(
        "the model was fitted with \(classCount) classes, but the data set has \(dataset.classCount)")
    }
  }
}
