package import Compute

/// A fitted model as a file keeps it: a safetensors file, which Python reads as well, whose metadata say what the tensors are.
///
/// The same model always gives the same file: nothing in it depends on when or where it was written.
package struct SavedModel: Sendable, Equatable {
  package let metadata: ModelMetadata
  /// In the order of the file.
  package let tensors: [Tensor]

  /// - Parameters:
  ///   - dataDigest: of the whole data set that the model was fitted on.
  ///   - testAccuracy: on that data set's test images; nil if it was not measured.
  package init(
    _ model: some Classifier, classNames: [String], dataName: String, dataDigest: String, testAccuracy: Double?
  ) {
    precondition(classNames.count == model.classCount, "class names and classes differ in number")
    metadata = ModelMetadata(
      kind: type(of: model).kind, settings: model.settings, imageShape: model.imageShape, classNames: classNames,
      dataName: dataName, dataDigest: dataDigest, testAccuracy: testAccuracy, atelierVersion: atelierVersion)
    tensors = SafetensorsHeader.canonicalOrder(model.tensors)
  }

  /// The same model, now that it has been judged.
  package func judged(testAccuracy: Double) -> SavedModel {
    var metadata = metadata
    metadata.testAccuracy = testAccuracy
    return SavedModel(metadata: metadata, tensors: tensors)
  }

  private init(metadata: ModelMetadata, tensors: [Tensor]) { (self.metadata, self.tensors) = (metadata, tensors) }

  /// SHA-256 over the tensors: the digest that the fit printed.
  package var digest: String { Tensor.digest(of: tensors) }

  /// Writes the file whole, or leaves what is at `path` as it was.
  package func write(to path: String) throws(FileError) {
    try file.write(to: path)
  }

  /// What ``write(to:)`` writes.
  package var file: SafetensorsFile { HeaderDigest.sealed(metadata.text, tensors) }

  /// - Throws: ``FileError/unreadable(path:reason:)``, ``FileError/damaged(path:reason:)``
  package init(path: String) throws(FileError) { try self.init(SafetensorsFile(path: path), name: path) }

  /// - Parameters:
  ///   - name: what the file is called in errors
  ///   - isChecked: whether header and tensors are compared with their digests; not needed for what was compared already
  /// - Throws: ``FileError/damaged(path:reason:)``
  package init(_ file: SafetensorsFile, name: String, isChecked: Bool = true) throws(FileError) {
    if file.metadata[NetworkCheckpoint.mark] == "true" {
      throw .damaged(
        path: name,
        reason: "it is the checkpoint of an unfinished training, which `atelier train cnn --resume` goes on with")
    }
    do { metadata = try ModelMetadata(text: file.metadata) } catch {
      throw .damaged(path: name, reason: error.description)
    }
    if isChecked { try HeaderDigest.check(file, name: name) }
    tensors = file.tensors
  }

  /// The model, ready to predict.
  /// - Throws: ``ModelError/badModel(_:)`` if the tensors and settings do not make a model.
  package func classifier(
    of types: [any Classifier.Type] = SavedModel.classifierTypes
  ) throws(ModelError) -> any Classifier {
    guard let type = types.first(where: { $0.kind == metadata.kind }) else {
      throw .badModel("it is of the kind \(metadata.kind.rawValue), which this version of Atelier does not know")
    }
    return try type.init(
      tensors: tensors, settings: metadata.settings, imageShape: metadata.imageShape,
      classCount: metadata.classNames.count)
  }

  /// Every kind of model that can be rebuilt from a file.
  package static let classifierTypes: [any Classifier.Type] = [
    Network.self, Forest.self, DecisionTree.self, NearestNeighbors.self,
  ]
}
