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

  /// - Throws: ``DatasetError/inconsistent(path:reason:)`` if the model cannot judge such images
  func check(fits dataset: Dataset) throws(DatasetError) {
    let metadata = saved.metadata
    guard dataset.shape == metadata.imageShape, dataset.classCount == metadata.classNames.count else {
      throw .inconsistent(
        path: dataset.name,
        reason: "has images of \(dataset.shape) in \(counted(dataset.classCount, "class", "classes")); "
          + "the model was trained on \(metadata.imageShape) in \(counted(metadata.classNames.count, "class", "classes"))"
      )
    }
  }
}
