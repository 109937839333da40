package import Compute

/// One digest over all that a file of Atelier's says: its metadata, among which the digest of its tensors is. A file
/// whose settings, class names or numbers were changed does not match it.
package enum HeaderDigest {
  /// The metadata entry with the digest of the tensors, which a fit prints.
  static let tensors = "digest"
  /// The metadata entry with the digest of all other entries.
  static let entry = "header.digest"

  /// The file with both digests among its metadata.
  package static func sealed(_ metadata: [String: String], _ tensors: [Tensor]) -> SafetensorsFile {
    var metadata = metadata
    metadata[Self.tensors] = Tensor.digest(of: tensors)
    metadata[entry] = digest(of: metadata)
    return SafetensorsFile(metadata: metadata, tensors: tensors)
  }

  /// - Parameter name: what the file is called in errors
  /// - Throws: ``FileError/damaged(path:reason:)``
  static func check(_ file: SafetensorsFile, name: String) throws(FileError) {
    guard let known = file.metadata[entry], let knownTensors = file.metadata[tensors] else {
      throw .damaged(
        path: name,
        reason: "its header lacks \(entry) or \(tensors): it was not saved by this version of Atelier, or was changed")
    }
    guard known == digest(of: file.metadata) else {
      throw .damaged(
        path: name,
        reason: "its settings are not those that were saved (the header's digest differs); \(Self.advice)")
    }
    guard knownTensors == Tensor.digest(of: file.tensors) else {
      throw .damaged(
        path: name, reason: "its numbers are not those that were saved (their digest differs); \(Self.advice)")
    }
  }

  static let advice = "restore the file from a copy, or train again"

  /// SHA-256 over names and values of all entries but this digest, by name.
  static func digest(of metadata: [String: String]) -> String {
    var digest = Digest()
    for (name, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) where name != entry
    {
      digest.update("\(name.utf8.count) \(name) \(value.utf8.count) \(value)\n")
    }
    return digest.finalize()
  }
}
