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
}
