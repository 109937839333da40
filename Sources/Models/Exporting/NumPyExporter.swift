package import Compute
internal import Text

/// An archive of NumPy arrays, one for each tensor, and of the model's description.
package struct NumPyExporter: ModelExporter {
  package let name = "npz"
  package let summary = """
    an archive of arrays, which numpy.load reads without further packages; its member metadata.json describes the model.
    """
  package let ending = "npz"

  package init() {}

  package func pieces(of model: SavedModel) throws(ModelError) -> [[UInt8]] {
    var archive = ZipWriter()
    let file = model.file
    guard let description = try? ReadableJSON.text(of: file.metadata) else { preconditionFailure("strings are JSON") }
    for tensor in file.tensors {
      try archive.add("\(tensor.name).npy", [Self.header(of: tensor), tensor.bytes])
    }
    try archive.add("metadata.json", [Array(description.utf8)])
    return archive.pieces
  }

  /// Returns the header of an array in version 1.0 of NumPy's format
  /// (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>), padded to a multiple of 64 bytes.
  package static func header(of tensor: Tensor) -> [UInt8] {
    let sizes = tensor.shape.map { "\($0)," }.joined(separator: " ")
    // Python writes a tuple of several numbers without a comma at its end.
    let shape = tensor.shape.count > 1 ? String(sizes.dropLast()) : sizes
    let text = "{'descr': '\(typeCode(of: tensor.elementType))', 'fortran_order': False, 'shape': (\(shape)), }"
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    let unpadded = magic.count + 2 + text.utf8.count + 1
    let padding = (64 - unpadded % 64) % 64
    let length = text.utf8.count + padding + 1
    return magic + [UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
      + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
  }

  private static func typeCode(of type: Tensor.ElementType) -> String {
    switch type {
    case .float32: "<f4"
    case .float64: "<f8"
    case .uint8: "|u1"
    case .uint16: "<u2"
    case .int32: "<i4"
    case .uint32: "<u4"
    case .int64: "<i8"
    }
  }
}
