/// A named array of numbers, as models store, save and digest it: little-endian, row-major (the last dimension is
/// contiguous).
package struct Tensor: Sendable, Equatable {
  /// Element types, by their names in the safetensors format.
  package enum ElementType: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float64 = "F64"
    case uint8 = "U8"
    case uint16 = "U16"
    case int32 = "I32"
    case uint32 = "U32"
    case int64 = "I64"

    package var byteCount: Int {
      switch self {
      case .uint8: 1
      case .uint16: 2
      case .float32, .int32, .uint32: 4
      case .float64, .int64: 8
      }
    }
  }

  package let name: String
  package let shape: [Int]
  package let elementType: ElementType
  package let bytes: [UInt8]

  /// - Parameter bytes: exactly as many as the shape and the element type require
  package init(name: String, shape: [Int], elementType: ElementType, bytes: [UInt8]) {
    precondition(bytes.count == shape.reduce(elementType.byteCount, *), "tensor \(name): shape and bytes differ")
    (self.name, self.shape, self.elementType, self.bytes) = (name, shape, elementType, bytes)
  }

  package init<Element: TensorElement>(name: String, shape: [Int], _ elements: [Element]) {
    self.init(
      name: name, shape: shape, elementType: Element.tensorElementType,
      bytes: elements.withUnsafeBytes { Array($0) })
  }

  package var elementCount: Int { shape.reduce(1, *) }

  /// Returns the elements, or nil if they have another type.
  package func elements<Element: TensorElement>(as type: Element.Type = Element.self) -> [Element]? {
    guard Element.tensorElementType == elementType else { return nil }
    return [Element](unsafeUninitializedCapacity: elementCount) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
      count = elementCount
    }
  }

  /// Returns the SHA-256 of tensors in canonical order (by name): of the name, type, shape and bytes of each.
  ///
  /// This is the digest that every fit prints. It covers what was computed, not the settings: nearest-neighbor models
  /// that differ only in the number of neighbors have the same digest.
  package static func digest(of tensors: [Tensor]) -> String {
    var digest = Digest()
    for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      digest.update("\(tensor.name) \(tensor.elementType.rawValue) \(tensor.shape)\n")
      tensor.bytes.withUnsafeBytes { digest.update($0) }
    }
    return digest.finalize()
  }
}

/// Numbers that a ``Tensor`` can hold.
package protocol TensorElement: BitwiseCopyable, Sendable {
  static var tensorElementType: Tensor.ElementType { get }
}

extension Float: TensorElement { package static var tensorElementType: Tensor.ElementType { .float32 } }
extension Double: TensorElement { package static var tensorElementType: Tensor.ElementType { .float64 } }
extension UInt8: TensorElement { package static var tensorElementType: Tensor.ElementType { .uint8 } }
extension UInt16: TensorElement { package static var tensorElementType: Tensor.ElementType { .uint16 } }
extension Int32: TensorElement { package static var tensorElementType: Tensor.ElementType { .int32 } }
extension UInt32: TensorElement { package static var tensorElementType: Tensor.ElementType { .uint32 } }
extension Int64: TensorElement { package static var tensorElementType: Tensor.ElementType { .int64 } }
