internal import Text

/// A format in which other programs read fitted models. To add a format: implement this protocol in one file, and add
/// it to ``ModelExporters/all``.
package protocol ModelExporter: Sendable {
  /// The name in commands, such as `npz`.
  var name: String { get }

  /// One sentence about what the file contains and which programs read it, for help.
  var summary: String { get }

  /// The ending of file names, without the dot.
  var ending: String { get }

  /// Returns the content of the file, in consecutive pieces. The same model always gives the same bytes.
  /// - Throws: ``ModelError/notExportable(_:)`` if the format cannot represent the model
  func pieces(of model: SavedModel) throws(ModelError) -> [[UInt8]]
}

/// The formats of exported models.
package enum ModelExporters {
  package static let all: [any ModelExporter] = [SafetensorsExporter(), NumPyExporter()]
}

extension [any ModelExporter] {
  /// The description of all formats for help: a sentence about each.
  package var help: String { map { "\($0.name): \($0.summary)" }.joined(separator: " ") }

  /// Returns the exporter of this name.
  /// - Throws: ``ModelError/badSettings(_:)`` with all names if there is none
  package func named(_ name: String) throws(ModelError) -> any ModelExporter {
    if let exporter = first(where: { $0.name == name }) { return exporter }
    throw .badSettings("format must be \(map(\.name).alternatives), not \"\(name.prefix(200))\"")
  }
}
