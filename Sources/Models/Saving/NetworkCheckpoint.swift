package import Compute
package import Datasets

/// A training of a network that is not at its end, as a file keeps it: the trainer's tensors, and what they belong to.
package struct NetworkCheckpoint: Sendable, Equatable {
  package let metadata: ModelMetadata
  package let settings: NetworkSettings
  /// Of ``NetworkTrainer/checkpoint``.
  package let tensors: [Tensor]
  /// Where the data set is; nil where that is not known.
  package let data: String?

  /// The metadata entry by which a checkpoint is told from a model, and the one that names the data.
  static let mark = "checkpoint"
  private static let dataEntry = "checkpoint.data"
  private static let numericsEntry = "numerics"

  /// Why what began with another `numericsVersion` does not go on here.
  package static func otherNumerics(_ version: String) -> String {
    "it was begun with version \(version) of Atelier's arithmetic; this is version \(numericsVersion), and would not end in the same bits"
  }

  /// - Parameters:
  ///   - tensors: ``NetworkTrainer/checkpoint``
  ///   - data: where the data set is
  package init(
    _ tensors: [Tensor], settings: NetworkSettings, dataset: Dataset, dataDigest: String, data: String? = nil
  ) {
    (self.settings, self.data) = (settings, data)
    metadata = ModelMetadata(
      kind: .cnn, settings: settings.text, imageShape: dataset.shape, classNames: dataset.classNames,
      dataName: dataset.name, dataDigest: dataDigest, testAccuracy: nil, atelierVersion: atelierVersion)
    self.tensors = tensors
  }

  /// Steps and epochs that were done.
  package var step: Int {
    tensors.first { $0.name == "counters" }?.elements(as: Int64.self)?.first.map { Int(clamping: $0) } ?? 0
  }
  package var epochs: Int { tensors.first { $0.name == "history.loss" }?.elementCount ?? 0 }

  /// Writes the file whole, or leaves what is at `path` as it was.
  package func write(to path: String) throws(FileError) {
    var text = metadata.text.merging([Self.mark: "true", Self.numericsEntry: "\(numericsVersion)"]) { _, new in new }
    text[Self.dataEntry] = data
    try HeaderDigest.sealed(text, tensors).write(to: path)
  }

  /// - Throws: ``FileError/unreadable(path:reason:)``, ``FileError/damaged(path:reason:)``
  package init(path: String) throws(FileError) {
    let file = try SafetensorsFile(path: path)
    guard file.metadata[Self.mark] == "true" else {
      throw .damaged(path: path, reason: "it is not the checkpoint of an unfinished training")
    }
    let numerics = file.metadata[Self.numericsEntry] ?? "0"
    guard numerics == "\(numericsVersion)" else {
      throw .damaged(path: path, reason: Self.otherNumerics(numerics))
    }
    try HeaderDigest.check(file, name: path)
    do throws(ModelError) {
      metadata = try ModelMetadata(text: file.metadata)
      settings = try NetworkSettings(text: metadata.settings)
    } catch {
      throw .damaged(path: path, reason: error.description)
    }
    tensors = file.tensors
    data = file.metadata[Self.dataEntry]
  }
}
