import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Reports

/// Synthetic predictions that depend only on their parameters.
enum ChapterSamples {
  static let names = ["cat", "dog", "eel"]

  /// - Parameters:
  ///   - errors: the fraction of misclassified images, twice as high for class 0; an error is the next class
  ///   - emptyClass: a label without images
  static func predictions(
    _ count: Int, classCount: Int = 3, errors: Double, seed: UInt64, emptyClass: Int? = nil
  ) throws -> Predictions {
    var random = RandomSequence(seed: seed, .test)
    var (probabilities, labels): ([Float], [UInt8]) = ([], [])
    for image in 0..<count {
      let label = image % classCount == emptyClass ? (image + 1) % classCount : image % classCount
      // The errors are the images with the lowest confidence.
      let uncertainty = random.nextUniform()
      let isWrong = classCount > 1 && Double(1 - uncertainty) * (label == 0 ? 0.5 : 1) < errors
      let confidence = classCount == 1 ? 1 : 0.99 - 0.4 * uncertainty
      let prediction = isWrong ? (label + 1) % classCount : label
      for other in 0..<classCount {
        probabilities.append(other == prediction ? confidence : (1 - confidence) / Float(classCount - 1))
      }
      labels.append(UInt8(label))
    }
    return try Predictions(probabilities: probabilities, labels: labels, classCount: classCount)
  }

  static func model(
    _ name: String = "CNN", images: Int = 2400, classNames: [String] = names, errors: Double = 0.1, seed: UInt64 = 1,
    hasHoldOut: Bool = true, fitSeconds: Double? = 40, epochs: Int = 0, emptyClass: Int? = nil
  ) throws -> EvaluatedModel {
    let count = classNames.count
    let holdOut = try HoldOut(
      hasHoldOut
        ? predictions(images / 2, classCount: count, errors: errors, seed: seed + 100, emptyClass: emptyClass) : nil,
      source: hasHoldOut ? .companion : .noneTrainedOnAll, trainingCount: images)
    return try EvaluatedModel(
      name: name, kind: .cnn, settings: ["epochs": "\(epochs)", "seed": "\(seed)"], mainSettings: "epochs \(epochs)",
      classNames: classNames,
      test: predictions(images, classCount: count, errors: errors, seed: seed, emptyClass: emptyClass),
      holdOut: holdOut,
      cost: ModelCost(
        fitSeconds: fitSeconds, testSeconds: 2, testImages: images, peakBytes: 120_000_000, fileBytes: 34_500),
      learningCurve: (0..<epochs).map { epoch($0) })
  }

  private static func epoch(_ epoch: Int) -> EpochResult {
    let json = #"{"loss": \#(1 / Double(epoch + 1)), "trainingAccuracy": 0.5, "validationAccuracy": 0.25}"#
    do { return try JSONDecoder().decode(EpochResult.self, from: Data(json.utf8)) } catch {
      preconditionFailure("\(error)")
    }
  }

  /// Grayscale images of 6x5 pixels that differ in brightness and fill.
  static func images(of model: EvaluatedModel) -> LabeledImages {
    let pixels = model.test.labels.indices.flatMap { image in
      (0..<30).map { place in place <= image % 30 ? UInt8(40 + image % 200) : 0 }
    }
    return LabeledImages(
      shape: ImageShape(height: 6, width: 5, channels: 1), pixels: pixels, labels: model.test.labels)
  }

  static let hostileNames = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "]]>&amp;\u{0}'"]

  /// Every kind of input that a page must support.
  static func cases() throws -> [(name: String, models: [EvaluatedModel])] {
    let manyNames = (0..<256).map { "class \($0)" }
    let twin = try model(errors: 0.2)
    return [
      ("three classes", [try model(epochs: 3), try model("Tree", errors: 0.3, seed: 2, fitSeconds: 0.001)]),
      ("one class", [try model(classNames: ["only"])]),
      ("two classes", [try model(classNames: ["yes", "no"])]),
      ("many classes", [try model(images: 2560, classNames: manyNames, errors: 0.3)]),
      ("hostile names", [try model("<b>CNN</b>", classNames: hostileNames, errors: 0.3)]),
      ("a class without images", [try model(emptyClass: 1)]),
      ("no hold-out", [try model(hasHoldOut: false)]),
      ("two equal models", [twin, try model("Twin", errors: 0.2)]),
      ("one image", [try model(images: 1, hasHoldOut: false)]),
      ("two images, all wrong", [try model(images: 2, errors: 1)]),
      ("no cost", [try model(fitSeconds: nil)]),
      ("no errors", [try model(errors: 0)]),
    ]
  }

  static let costs: LabelingCosts = {
    do {
      return try LabelingCosts(costError: 5, costReview: 0.5, pairs: [.init(truth: 0, prediction: 1, cost: 8)])
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  static func page(_ models: [EvaluatedModel], costs: LabelingCosts? = costs) -> HTMLPage {
    HTMLPage(
      title: "Evaluation",
      sections: [SummaryChapter(models, costs: costs).section, ComparisonChapter(models).section]
        + models.flatMap {
          [EvaluationChapter($0, testImages: images(of: $0)).section, AutomationChapter($0, costs: costs).section]
        })
  }
}
