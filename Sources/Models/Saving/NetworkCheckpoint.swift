package import Compute
package import Datasets
package import Files

/// A saved unfinished training of a network: the tensors of the trainer, its settings, and the data set.
package struct NetworkCheckpoint: Sendable, Equatable {
  package let metadata: ModelMetadata
  package let settings: NetworkSettings
  /// The tensors of ``NetworkTrainer/checkpoint``.
  package let tensors: [Tensor]
  /// The data set; nil if it is not known.
  package let data: DatasetSource?

  /// The metadata entry that distinguishes a checkpoint from a model.
  static let mark = "checkpoint"
  private static let dataEntry = "checkpoint.data"
  /// What the metadata entries of the data set's options begin with.
  private static let optionEntry = "checkpoint.data.option."
  private static let numericsEntry = "numerics"

  /// Returns the reason why a training that started with another `numericsVersion` cannot be resumed.
  package static func otherNumerics(_ version: String) -> String {
    "it was started with version \(version) of Atelier's numerics; this build has version \(numericsVersion), "
      + "which does not compute the same bits"
  }

  /// - Parameters:
  ///   - tensors: ``NetworkTrainer/checkpoint``
  ///   - data: the place of the data set, and how it is read
  package init(
    _ tensors: [Tensor], settings: NetworkSettings, dataset: Dataset, dataDigest: String, data: DatasetSource? = nil
  ) {
    (self.settings, self.data) = (settings, data)
    metadata = ModelMetadata(
      kind: .cnn, settings: settings.text, imageShape: dataset.shape, classNames: dataset.classNames,
      dataName: dataset.name, dataDigest: dataDigest, testAccuracy: nil, atelierVersion: atelierVersion,
      conversion: dataset.conversion)
    self.tensors = tensors
  }

  /// The numbers of completed steps and epochs.
  package var step: Int {
    tensors.first { $0.name == "counters" }?.elements(as: Int64.self)?.first.map { Int(clamping: $0) } ?? 0
  }
  package var epochs: Int { tensors.first { $0.name == "history.loss" }?.elementCount ?? 0 }

  /// Writes the file atomically: on failure, an earlier file at `path` is unchanged.
  package func write(to path: String) throws(FileError) {
    var text = metadata.text.merging([Self.mark: "true", Self.numericsEntry: "\(numericsVersion)"]) { _, new in new }
    text[Self.dataEntry] = data?.location
    for (name, value) in data?.options ?? [:] { text[Self.optionEntry + name] = value }
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
      settings = try NetworkSettings(saved: metadata.settings)
    } catch {
      throw .damaged(path: path, reason: error.description)
    }
    tensors = file.tensors
    data = file.metadata[Self.dataEntry].map { location in
      var source = DatasetSource(location)
      for (name, value) in file.metadata where name.hasPrefix(Self.optionEntry) {
        source.options[String(name.dropFirst(Self.optionEntry.count))] = value
      }
      return source
    }
  }
}
