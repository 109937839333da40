/// The names of files beside a model's file, whose usual ending is `.safetensors`.
package enum ModelFileName {
  package static let ending = ".safetensors"

  /// Returns the path without the ending, to which other endings can be appended.
  package static func stem(of path: String) -> String {
    path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path
  }
}
