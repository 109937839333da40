internal import Compute
internal import Datasets
internal import Models

/// What a model says of a test image that is worth a look.
package struct ExampleImage: Sendable, Equatable, Codable {
  /// Why it is shown.
  package enum Reason: String, Sendable, Codable, CaseIterable {
    /// Someone asked for it.
    case chosen
    /// Drawn at random from those of its class that are told rightly.
    case right
    /// Drawn at random from those of its class that are told wrongly.
    case wrong
    /// Among the errors that the model was most certain of.
    case confidentError
  }

  package let reason: Reason
  /// Its place among the test images.
  package let image: Int
  package let label: Int
  package let prediction: Int
  /// By label.
  package let probabilities: [Float]

  package var isRight: Bool { prediction == label }
  package var confidence: Float { probabilities[prediction] }

  /// The most probable class after the predicted one; of equally probable ones, the lowest. nil where there is one class.
  package var second: Int? {
    let others = probabilities.indices.filter { $0 != prediction }
    return others.max { (probabilities[$0], $1) < (probabilities[$1], $0) }
  }
}

/// How a model does on test images, and examples of that. Those of classes are drawn and not the most confident ones, which would show
/// the model at its best.
struct ExampleSelection {
  /// On the judged images.
  let accuracy: ProportionInterval
  /// Chosen ones first, then right and wrong ones by class, then confident errors.
  let examples: [ExampleImage]

  /// How many images are judged for that.
  static func judgedCount(_ dataset: Dataset, _ settings: ExplanationSettings) -> Int {
    min(settings.judgedImages ?? .max, dataset.test.count) + settings.images.count
  }

  /// - Throws: ``EvaluationError`` if the model gives no probabilities; `CancellationError` if stopped.
  init(
    of model: some Classifier, dataset: Dataset, settings: ExplanationSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let judged = KeyedSample.images(settings.judgedImages, of: dataset.test, seed: settings.seed, .judged)
    // Chosen images are judged after the sample, of which they need not be part.
    let places = judged + settings.images
    let images = dataset.test.selecting(places)
    let predictions = try Predictions(
      probabilities: model.probabilities(for: images, on: context, progress: progress), labels: images.labels,
      classCount: dataset.classCount)
    let sample = judged.indices
    accuracy = ProportionInterval(sample.count(where: predictions.isCorrect), of: judged.count)

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
        return KeyedSample.draw(1, of: own, seed: settings.seed, use, label: label).first.map { example($0, reason) }
      }
    }
    let errors = predictions.byConfidence(sample.filter { !predictions.isCorrect($0) })
    examples =
      (judged.count..<places.count).map { example($0, .chosen) } + oneOfEachClass(.rightExample, .right)
      + oneOfEachClass(.wrongExample, .wrong)
      + errors.prefix(settings.confidentErrors).map { example($0, .confidentError) }
  }
}

extension KeyedSample {
  /// Numbers of up to `limit` images, ascending; all if there is no limit.
  static func images(_ limit: Int?, of images: LabeledImages, seed: UInt64, _ use: Use) -> [Int] {
    let all = Array(0..<images.count)
    guard let limit, limit < images.count else { return all }
    return draw(limit, of: all, seed: seed, use).sorted()
  }
}

extension Classifier {
  /// - Throws: ``ModelError/badSettings(_:)`` if the images of a data set are not of the model's kind.
  func checkFits(_ dataset: Dataset) throws(ModelError) {
    guard imageShape == dataset.shape, classCount == dataset.classCount else {
      throw .badSettings(
        "the model was fitted on images of \(imageShape) in \(classCount) classes, the data set has images of "
          + "\(dataset.shape) in \(dataset.classCount) classes")
    }
  }
}
