package import Compute
package import Datasets
package import Files

/// A fitted model as it is saved: a safetensors file, which Python can read too, whose metadata describe the tensors.
///
/// The same model always gives the same file, which does not depend on the time or the host.
package struct SavedModel: Sendable, Equatable {
  package let metadata: ModelMetadata
  /// In the order of the file.
  package let tensors: [Tensor]

  /// - Parameters:
  ///   - dataDigest: the digest of the whole data set that the model was fitted on
  ///   - testAccuracy: the accuracy on its test images; nil if it was not measured
  ///   - conversion: how the images of the data set were converted; nil: images to classify must have their shape
  package init(
    _ model: some Classifier, classNames: [String], dataName: String, dataDigest: String, testAccuracy: Double?,
    conversion: ImageConversion? = nil
  ) {
    precondition(classNames.count == model.classCount, "class names and classes differ in number")
    metadata = ModelMetadata(
      kind: model.kind, settings: model.settings, imageShape: model.imageShape, classNames: classNames,
      dataName: dataName, dataDigest: dataDigest, testAccuracy: testAccuracy, atelierVersion: atelierVersion,
      conversion: conversion)
    tensors = SafetensorsHeader.canonicalOrder(model.tensors)
  }

  /// Returns the model with its test accuracy.
  package func with(testAccuracy: Double) -> SavedModel {
    var metadata = metadata
    metadata.testAccuracy = testAccuracy
    return SavedModel(metadata: metadata, tensors: tensors)
  }

  private init(metadata: ModelMetadata, tensors: [Tensor]) { (self.metadata, self.tensors) = (metadata, tensors) }

  /// The SHA-256 of the tensors, which the fit printed.
  package var digest: String { Tensor.digest(of: tensors) }

  /// Writes the file atomically: on failure, an earlier file at `path` is unchanged.
  package func write(to path: String) throws(FileError) {
    try file.write(to: path)
  }

  /// The file that ``write(to:)`` writes.
  package var file: SafetensorsFile { HeaderDigest.sealed(metadata.text, tensors) }

  /// - Throws: ``FileError/unreadable(path:reason:)``, ``FileError/damaged(path:reason:)``
  package init(path: String) throws(FileError) { try self.init(SafetensorsFile(path: path), name: path) }

  /// - Parameters:
  ///   - name: the name of the file in errors
  ///   - isChecked: whether header and tensors are compared with their digests; false if this was done before
  /// - Throws: ``FileError/damaged(path:reason:)``
  package init(_ file: SafetensorsFile, name: String, isChecked: Bool = true) throws(FileError) {
    if file.metadata[NetworkCheckpoint.mark] == "true" {
      throw .damaged(
        path: name,
        reason: "it is the checkpoint of an unfinished training; `atelier train cnn --resume` resumes it")
    }
    do { metadata = try ModelMetadata(text: file.metadata) } catch {
      throw .damaged(path: name, reason: error.description)
    }
    if isChecked { try HeaderDigest.check(file, name: name) }
    tensors = file.tensors
  }

  /// Returns the model, ready to predict.
  /// - Throws: ``ModelError/badModel(_:)`` if tensors and settings do not match.
  package func classifier() throws(ModelError) -> any Classifier {
    try metadata.kind.family.classifier(
      tensors: tensors, settings: metadata.settings, imageShape: metadata.imageShape,
      classCount: metadata.classNames.count)
  }
}
