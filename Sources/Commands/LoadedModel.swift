internal import Compute
internal import Datasets
internal import Models

/// A model from a file, ready to predict.
struct LoadedModel {
  let saved: SavedModel
  let classifier: any Classifier

  /// - Throws: ``FileError``, which names the file
  init(path: String) throws(FileError) {
    saved = try SavedModel(path: path)
    do { classifier = try saved.classifier() } catch {
      throw .damaged(path: path, reason: error.description)
    }
  }

  /// What a data set must have to be judged by the model.
  var classes: DataOptions.ClassNames { (names: saved.metadata.classNames, of: "the model") }

  /// - Throws: ``DatasetError/inconsistent(path:reason:)`` if the model cannot judge such images
  func check(fits dataset: Dataset) throws(DatasetError) {
    let shape = saved.metadata.imageShape
    guard dataset.shape == shape else {
      throw .inconsistent(
        path: dataset.name, reason: "has images of \(dataset.shape); the model was trained on images of \(shape)")
    }
  }

  /// - Parameter digest: of the data set
  /// - Throws: ``FileError/damaged(path:reason:)`` if the model was not fitted on exactly these images and classes
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
