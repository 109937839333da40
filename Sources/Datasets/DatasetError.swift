/// The reason why a data set cannot be read. Each description names the file and what was expected.
package enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// The file or folder does not exist, or cannot be opened.
  case missing(path: String, reason: String)
  /// The file exists, but its content is invalid.
  case damaged(path: String, reason: String)
  /// Files that are valid by themselves contradict each other.
  case inconsistent(path: String, reason: String)
  /// The images have another shape than those that a model was trained on.
  case wrongShape(path: String, images: ImageShape, model: ImageShape)

  package var isMissing: Bool { if case .missing = self { true } else { false } }
  package var isWrongShape: Bool { if case .wrongShape = self { true } else { false } }

  /// The same error with advice at the end of its reason.
  func with(advice: String) -> DatasetError {
    switch self {
    case .missing(let path, let reason): .missing(path: path, reason: "\(reason); \(advice)")
    case .damaged(let path, let reason): .damaged(path: path, reason: "\(reason); \(advice)")
    case .inconsistent(let path, let reason): .inconsistent(path: path, reason: "\(reason); \(advice)")
    case .wrongShape: self
    }
  }

  package var description: String {
    switch self {
    case .missing(let path, let reason), .damaged(let path, let reason), .inconsistent(let path, let reason):
      "\(path): \(reason)"
    case .wrongShape(let path, let images, let model):
      "\(path): the shape of the images is \(images); the model was trained on images of \(model)"
    }
  }
}
