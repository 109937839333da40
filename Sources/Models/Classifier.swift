package import Compute
package import Datasets
package import Progress

/// A fitted model that classifies images. It consists of settings and tensors alone.
package protocol Classifier: Sendable {
  var kind: ModelKind { get }

  /// The shape of the images that the model was fitted on and can classify.
  var imageShape: ImageShape { get }
  var classCount: Int { get }

  /// The settings of the fit, as text, by the names of the command-line options.
  var settings: [String: String] { get }

  /// Everything that predictions depend on besides ``settings``. Names are unique.
  var tensors: [Tensor] { get }

  /// Returns class probabilities: (images, classCount), row-major. The labels of the images are ignored.
  ///
  /// - Parameter progress: called with the number of images done; returns false to stop
  /// - Throws: ``ModelError/wrongShape(model:images:)``; `CancellationError` if stopped.
  func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float]

  /// Returns a closure that computes ``probabilities(for:on:progress:)``, with preparations made once for many calls.
  func predictor(on context: ComputeContext) -> Predictor
}

/// Computes class probabilities like ``Classifier/probabilities(for:on:progress:)``.
package typealias Predictor = (_ images: LabeledImages, _ progress: (FitProgress) -> Bool) throws -> [Float]

extension Classifier {
  package func predictor(on context: ComputeContext) -> Predictor {
    { images, progress in try probabilities(for: images, on: context, progress: progress) }
  }

  /// - Throws: ``ModelError/wrongShape(model:images:)`` if the model cannot classify images of this shape.
  package func check(_ shape: ImageShape) throws(ModelError) {
    if shape != imageShape { throw .wrongShape(model: imageShape, images: shape) }
  }

  /// SHA-256 over the tensors in canonical order.
  package var digest: String { Tensor.digest(of: tensors) }

  /// Returns the most probable class of each image; of equally probable classes, the lowest.
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
