package import Compute
package import Datasets
package import Progress

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

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> LinearModel {
    try LinearModel(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }
}
