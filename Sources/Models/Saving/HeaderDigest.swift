package import Compute
internal import Files

/// A digest over the metadata of a file, which include the digest of its tensors. It detects changes of settings, class
/// names and numbers.
package enum HeaderDigest {
  /// The metadata entry with the digest of the tensors, which every fit prints.
  static let tensors = "digest"
  /// The metadata entry with the digest of all other entries.
  static let entry = "header.digest"

  /// Returns a file with both digests added to its metadata.
  package static func sealed(_ metadata: [String: String], _ tensors: [Tensor]) -> SafetensorsFile {
    var metadata = metadata
    metadata[Self.tensors] = Tensor.digest(of: tensors)
    metadata[entry] = digest(of: metadata)
    return SafetensorsFile(metadata: metadata, tensors: tensors)
  }

  /// Compares the file with both digests.
  /// - Parameter name: the name of the file in errors
  /// - Throws: ``FileError/damaged(path:reason:)`` if one is missing or differs.
  static func check(_ file: SafetensorsFile, name: String) throws(FileError) {
    guard let known = file.metadata[entry], let knownTensors = file.metadata[tensors] else {
      throw .damaged(
        path: name,
        reason: "its header lacks \(entry) or \(tensors): it was saved by another version of Atelier, or changed")
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

  static let advice = "restore the file from a backup, or train again"

  /// Returns the SHA-256 of the names and values of all entries except this digest, in the order of names.
  static func digest(of metadata: [String: String]) -> String {
    var digest = Digest()
    for (name, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) where name != entry
    {
      digest.update("\(name.utf8.count) \(name) \(value.utf8.count) \(value)\n")
    }
    return digest.finalize()
  }
}
