internal import Compute

/// The reason why bytes are not a valid safetensors header.
package struct SafetensorsFailure: Error, Equatable {
  package let reason: String
}

extension SafetensorsHeader {
  /// Returns the length of the header from the first eight bytes of a file, checked against the length of the file.
  static func length(firstBytes: [UInt8], fileLength: Int) throws(SafetensorsFailure) -> Int {
    guard firstBytes.count == 8 else {
      throw SafetensorsFailure(
        reason: "it has \(fileLength) bytes, but a safetensors file starts with the 8-byte length of its header")
    }
    let length = firstBytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(maximumLength) else {
      throw SafetensorsFailure(reason: "its header would have \(length) bytes; at most \(maximumLength) are read")
    }
    guard Int(length) <= fileLength - 8 else {
      throw SafetensorsFailure(reason: "its header would have \(length) bytes, but only \(fileLength - 8) follow")
    }
    return Int(length)
  }

  /// Reads a header, and checks that its tensors fill exactly the bytes that follow it.
  ///
  /// - Parameters:
  ///   - json: the header without its length
  ///   - dataLength: the number of bytes that follow
  init(json: [UInt8], dataLength: Int) throws(SafetensorsFailure) {
    var located: [LocatedEntry] = []
    var names: Set<String> = []
    var metadata: [String: String]?
    do {
      var scanner = JSONScanner(json)
      try scanner.object { (scanner, name) throws(JSONScanner.Failure) in
        if name == "__metadata__" {
          if metadata != nil { throw scanner.failure("__metadata__ only once") }
          metadata = try Self.readMetadata(&scanner)
        } else {
          if !names.insert(name).inserted { throw scanner.failure("the tensor \(name.debugDescription) only once") }
          if located.count == Self.maximumEntries { throw scanner.failure("at most \(Self.maximumEntries) tensors") }
          located.append(try LocatedEntry(name: name, &scanner))
        }
      }
      try scanner.end()
    } catch {
      throw SafetensorsFailure(
        reason: "its header is damaged: expected \(error.expected) at byte \(8 + error.position)")
    }
    // An empty tensor comes before another that begins at the same position.
    located.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var offset = 0
    for entry in located {
      guard entry.begin == offset else {
        throw SafetensorsFailure(
          reason: "the tensor \(entry.name.debugDescription) begins at byte \(entry.begin) of the data, "
            + "but the previous one ends at \(offset)")
      }
      offset = entry.end
    }
    guard offset == dataLength else {
      throw SafetensorsFailure(reason: "its header describes \(offset) bytes of data, but there are \(dataLength)")
    }
    self.metadata = metadata ?? [:]
    var entries: [Entry] = []
    for entry in located { entries.append(try entry.checked()) }
    self.entries = entries
  }

  private static func readMetadata(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> [String: String] {
    var metadata: [String: String] = [:]
    try scanner.object { (scanner, key) throws(JSONScanner.Failure) in
      if metadata.count == maximumEntries { throw scanner.failure("at most \(maximumEntries) metadata entries") }
      let value = try scanner.string()
      if metadata.updateValue(value, forKey: key) != nil {
        throw scanner.failure("the metadata entry \(key.debugDescription) only once")
      }
    }
    return metadata
  }
}

/// An unchecked entry of the header.
private struct LocatedEntry {
  let name: String
  private(set) var type = ""
  private(set) var shape: [Int] = []
  private(set) var begin = 0
  private(set) var end = 0

  init(name: String, _ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
    self.name = name
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { (scanner, key) throws(JSONScanner.Failure) in
      switch key {
      case "dtype" where type == nil: type = try scanner.string()
      case "shape" where shape == nil: shape = try scanner.numbers(limit: SafetensorsHeader.maximumDimensions)
      case "data_offsets" where offsets == nil: offsets = try scanner.numbers(limit: 2)
      default: throw scanner.failure("dtype, shape and data_offsets, each once, not \(key.debugDescription)")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw scanner.failure("dtype, shape and data_offsets [begin, end] of the tensor \(name.debugDescription)")
    }
    (self.type, self.shape, begin, end) = (type, shape, offsets[0], offsets[1])
  }

  /// Returns the entry, after checking that its type is known and that its shape matches the number of its bytes.
  func checked() throws(SafetensorsFailure) -> SafetensorsHeader.Entry {
    let name = name.debugDescription
    guard let elementType = Tensor.ElementType(rawValue: type) else {
      let known = Tensor.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw SafetensorsFailure(reason: "the tensor \(name) is of type \(type.debugDescription); models use \(known)")
    }
    var byteCount = elementType.byteCount
    for dimension in shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: dimension)
      if overflow { throw SafetensorsFailure(reason: "the shape \(shape) of the tensor \(name) is impossibly large") }
      byteCount = product
    }
    guard byteCount == end - begin else {
      throw SafetensorsFailure(
        reason: "the tensor \(name) of shape \(shape) and type \(type) takes \(byteCount) bytes, "
          + "but the header gives it \(end - begin)")
    }
    return SafetensorsHeader.Entry(name: self.name, elementType: elementType, shape: shape, byteCount: byteCount)
  }
}
