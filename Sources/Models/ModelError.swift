package import Datasets

/// The reason why a model cannot be fitted or rebuilt.
package enum ModelError: Error, Equatable, CustomStringConvertible {
  /// Invalid settings, or settings that do not match the images; the message names the setting and what is allowed.
  case badSettings(String)
  /// This host has too little memory for a fit; the message names the setting to change.
  case insufficientMemory(String)
  /// Images of another shape than those that the model was fitted on.
  case wrongShape(model: ImageShape, images: ImageShape)
  /// A saved model that is damaged, malicious, or of another kind.
  case badModel(String)
  /// A model that an export format cannot represent.
  case notExportable(String)

  package var description: String {
    switch self {
    case .badSettings(let reason), .insufficientMemory(let reason), .badModel(let reason), .notExportable(let reason):
      reason
    case .wrongShape(let model, let images): "the model was fitted on images of \(model), not of \(images)"
    }
  }
}
