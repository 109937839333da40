package import Compute
package import Datasets

/// The four kinds of model, by the name that commands and files use.
package enum ModelKind: String, Sendable, CaseIterable, Codable {
  case cnn, forest, tree, knn
}

/// A fitted model: it tells images apart, and is nothing but its settings and tensors.
package protocol Classifier: Sendable {
  static var kind: ModelKind { get }

  /// The shape of the images that it was fitted on, and can judge.
  var imageShape: ImageShape { get }
  var classCount: Int { get }

  /// What it was fitted with, by the names of the command line's options, as text.
  var settings: [String: String] { get }

  /// All that predictions depend on beside ``settings``. Names are unique.
  var tensors: [Tensor] { get }

  /// Rebuilds a fitted model. Predictions are bit-identical to those of the model that was saved.
  ///
  /// - Throws: ``ModelError`` if a tensor or setting is missing or does not fit the others. Never crashes, whatever it is given.
  init(tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int) throws(ModelError)

  /// Class probabilities: (images, classCount), row-major. `images` must have ``imageShape``; their labels are not looked at.
  ///
  /// - Parameter progress: told how many images are done; returns false to stop early, which throws `CancellationError`.
  func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float]

  /// Gets ready once for many calls of ``probabilities(for:on:progress:)``.
  func predictor(on context: ComputeContext) -> Predictor
}

/// A model that is ready to judge images: their probabilities, as ``Classifier/probabilities(for:on:progress:)`` gives them.
package typealias Predictor = (_ images: LabeledImages, _ progress: (FitProgress) -> Bool) throws -> [Float]

extension Classifier {
  package func predictor(on context: ComputeContext) -> Predictor {
    { images, progress in try probabilities(for: images, on: context, progress: progress) }
  }

  /// SHA-256 over the tensors in canonical order.
  package var digest: String { Tensor.digest(of: tensors) }

  /// The most probable class of each image; of equals, the lowest.
  package func predictions(for images: LabeledImages, on context: ComputeContext) throws -> [UInt8] {
    let probabilities = try probabilities(for: images, on: context, progress: { _ in true })
    return (0..<images.count).map { image in
      var best = 0
      for label in 1..<max(classCount, 1)
      where probabilities[image * classCount + label] > probabilities[image * classCount + best] {
        best = label
      }
      return UInt8(best)
    }
  }
}

/// Why a model cannot be fitted or rebuilt.
package enum ModelError: Error, Equatable, CustomStringConvertible {
  /// Settings that make no sense, or not for these images; says which, and what to change.
  case badSettings(String)
  /// A saved model that is damaged, hostile, or of another kind.
  case badModel(String)

  package var description: String {
    switch self {
    case .badSettings(let reason), .badModel(let reason): reason
    }
  }
}

/// How far a fit (or a long prediction) is. Handed to a closure that shows it, and that returns false to stop.
package struct FitProgress: Sendable, Equatable {
  /// What is counted.
  package enum Unit: String, Sendable { case images, trees, nodes, queries, fits, pixels }

  package var done: Int
  /// 0 while it is not known, or where there is nothing to count.
  package var total: Int
  package var unit: Unit
  /// From 1; nil for models that are not trained in epochs.
  package var epoch: Int?
  package var epochs: Int?
  /// Mean training loss since the epoch began.
  package var loss: Double?
  /// Accuracy on the hold-out images, at the end of an epoch.
  package var validationAccuracy: Double?

  package init(
    done: Int, total: Int, unit: Unit, epoch: Int? = nil, epochs: Int? = nil, loss: Double? = nil,
    validationAccuracy: Double? = nil
  ) {
    (self.done, self.total, self.unit, self.epoch, self.epochs) = (done, total, unit, epoch, epochs)
    (self.loss, self.validationAccuracy) = (loss, validationAccuracy)
  }
}
