internal import Compute
internal import Datasets
internal import Files
internal import Models

/// A model loaded from a file, ready to predict.
struct LoadedModel {
  let saved: SavedModel
  let classifier: any Classifier

  /// - Throws: ``FileError`` with the path of the file
  init(path: String) throws(FileError) {
    saved = try SavedModel(path: path)
    do { classifier = try saved.classifier() } catch {
      throw .damaged(path: path, reason: error.description)
    }
  }

  /// The classes that a data set must have for this model to classify it.
  var classes: DataRequest.ClassNames { (names: saved.metadata.classNames, of: "the model") }

  /// Loads a data set to classify: its images are converted as those of the training, and its classes are those of the
  /// model.
  /// - Throws: ``DatasetError``, also if the classes are others, or if the model was saved without its conversion and
  ///   the images have another shape
  func load(_ request: DataRequest, _ compute: ComputeOptions) throws(DatasetError) -> Dataset {
    let dataset = try request.load(compute, classes: classes, conversion: saved.metadata.conversion)
    try check(fits: dataset)
    return dataset
  }

  /// Checks that the images have the shape of the training images.
  /// - Throws: ``DatasetError/wrongShape(path:images:model:)`` if they do not
  private func check(fits dataset: Dataset) throws(DatasetError) {
    let shape = saved.metadata.imageShape
    guard dataset.shape == shape else {
      throw .wrongShape(path: dataset.name, images: dataset.shape, model: shape)
    }
  }

  /// Checks that the model was fitted on exactly these images and classes.
  /// - Parameter digest: the digest of the data set
  /// - Throws: ``FileError/damaged(path:reason:)`` if it was not
  func check(isFittedOn dataset: Dataset, digest: String, path: String) throws(FileError) {
    let metadata = saved.metadata
    guard metadata.dataDigest == digest, metadata.classNames == dataset.classNames, metadata.imageShape == dataset.shape
    else {
      throw .damaged(
        path: path,
        reason: "it was trained on another data set than \(dataset.name): \(metadata.dataName), \(metadata.dataDigest)")
    }
  }
}
