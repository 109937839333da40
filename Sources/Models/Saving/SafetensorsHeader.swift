package import Compute

/// The header of a safetensors file (<https://huggingface.co/docs/safetensors>): metadata and a list of the tensors.
///
/// A file consists of the length of the header (8 bytes, little-endian), the header (JSON, padded with spaces), and the
/// bytes of the tensors.
package struct SafetensorsHeader: Sendable, Equatable {
  /// One tensor. Its bytes follow those of the previous entry.
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let elementType: Tensor.ElementType
    package let shape: [Int]
    package let byteCount: Int
  }

  package let metadata: [String: String]
  /// In the order of their bytes.
  package let entries: [Entry]

  /// The length limit of a header in bytes, as in the reference implementation of the format.
  static let maximumLength = 100_000_000
  /// The limit on the number of tensors, and on that of metadata entries.
  package static let maximumEntries = 65_536
  /// The limit on the number of dimensions of a tensor.
  static let maximumDimensions = 16

  /// Creates the header of some tensors, ordered by element size, largest first, so that every tensor is aligned to its
  /// element size; then by name.
  /// - Parameter tensors: with unique names
  init(metadata: [String: String], tensors: [Tensor]) {
    self.metadata = metadata
    entries = Self.canonicalOrder(tensors).map {
      Entry(name: $0.name, elementType: $0.elementType, shape: $0.shape, byteCount: $0.bytes.count)
    }
  }

  static func canonicalOrder(_ tensors: [Tensor]) -> [Tensor] {
    tensors.sorted { left, right in
      let (leftSize, rightSize) = (left.elementType.byteCount, right.elementType.byteCount)
      if leftSize != rightSize { return leftSize > rightSize }
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
  }
}

// MARK: Writing

extension SafetensorsHeader {
  /// Returns the header as stored in a file, including its length. The same header always gives the same bytes.
  func encoded() -> [UInt8] {
    var fields: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      fields.append("\"__metadata__\":{" + pairs.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}")
    }
    var offset = 0
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let end = offset + entry.byteCount
      fields.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(fields.joined(separator: ","))}".utf8)
    // Padding aligns the data to eight bytes.
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
  }

  private func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
