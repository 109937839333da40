internal import Compute
internal import Datasets
internal import Models

/// The predictions of nearest-neighbors models that vote with neighbors found here.
extension NeighborSearch {
  /// Returns the class probabilities of the test images, (images, classes); nil if the model has other neighbors.
  func testProbabilities(of model: any Classifier, _ dataset: Dataset) -> [Float]? {
    voter(model, dataset, neighbors: across, of: dataset.test)?.vote(of: across)
  }

  /// Returns the predictions of training images by the others; nil if the model has other neighbors.
  func heldOutPredictions(
    of model: any Classifier, _ dataset: Dataset, on context: ComputeContext
  ) throws -> HeldOutPredictions? {
    try voter(model, dataset, neighbors: withinTrain, of: dataset.train)?
      .leaveOneOutPredictions(others: withinTrain, on: context, progress: { _ in true })
  }

  /// Returns the model if its neighbors of `images` are the first ones of `neighbors`.
  private func voter(
    _ model: any Classifier, _ dataset: Dataset, neighbors: [[Neighbor]], of images: LabeledImages
  ) -> NearestNeighbors? {
    guard let model = model as? NearestNeighbors, model.configuration.metric == .euclidean,
      model.configuration.components == nil, model.configuration.neighbors <= neighbors.first?.count ?? 0,
      train.count == dataset.train.count, neighbors.count == images.count, model.training == dataset.train
    else { return nil }
    return model
  }
}
