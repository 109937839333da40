package import Compute
package import Datasets
package import Progress
internal import Text

extension FitProgress.Unit {
  package static let iterations = FitProgress.Unit("iterations", singular: "iteration")
}

/// Multinomial logistic regression.
package enum LinearFamily: ModelFamily {
  package typealias Model = LinearModel

  package static let kind = ModelKind("linear")
  package static let title = "Logistic regression"
  package static let noun = "a linear model (multinomial logistic regression)"
  package static let discussion = """
    Minimizes the objective of scikit-learn's LogisticRegression, with pixels from 0 to 1.

    Example:  atelier train linear --inverse-regularization 0.01
    """
  package static let searchExample = "--inverse-regularization 0.001,0.01,0.1,1"
  package static let mainSettings = ["inverse-regularization"]

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: LinearSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> LinearModel {
    try LinearModel.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
  }

  package static func distribution(of settings: LinearSettings) -> FitDistribution {
    .tasks(count: 1, unit: .iterations)
  }

  package static func memory(
    of settings: LinearSettings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    settings.memory(images: count, of: shape, classCount: classCount, threads: threads)
  }

  package static func warning(
    about model: LinearModel, training: LabeledImages, on context: ComputeContext
  ) -> String? {
    let settings = model.configuration
    // A solver that stops before the limit has converged, or rounding errors hide any further decrease.
    guard model.iterations == settings.iterations else { return nil }
    let slope = model.slope(on: training, context: context)
    // The weights are rounded to single precision after the solver has stopped.
    guard slope > 1.1 * settings.tolerance else { return nil }
    return """
      the fit has not converged: after \(counted(settings.iterations, "iteration")), the largest derivative of the \
      mean loss is \(Float(slope)), above the tolerance of \(settings.tolerance). Raise --iterations or --tolerance
      """
  }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> LinearModel {
    try LinearModel(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }
}
