internal import Text

/// The file format of MNIST (LeCun): two zero bytes, the type of the elements, the number of dimensions, each dimension
/// as a big-endian 32-bit number, then the elements, row-major. Images are bytes (type 8); labels may
/// also be integers of 16 or 32 bits. Files may be gzipped.
package enum IDX {
  /// Reads images of shape (count, height, width) or (count, height, width, channels), gray or RGB.
  /// - Throws: ``DatasetError`` that names the file and what was expected.
  package static func readImages(_ path: String) throws(DatasetError) -> (shape: ImageShape, pixels: [UInt8]) {
    let source = try ByteSource(path: path)
    let sizes = try readHeader(source, path, dimensions: 3...4, of: "images", types: [8]).sizes
    let count = sizes[0]
    let shape = ImageShape(height: sizes[1], width: sizes[2], channels: sizes.count == 4 ? sizes[3] : 1)
    try DatasetLimits.checkCount(count, of: "images", path)
    try DatasetLimits.check(shape, path, verb: "holds images of")
    // At most 2^28 * 512 * 512 * 3, which fits in an Int.
    let byteCount = count * shape.count
    try DatasetLimits.checkMemory(byteCount, path)
    return (shape, try readElements(source, byteCount, "\(count) images of \(shape)"))
  }

  /// Reads labels of shape (count), each at most 255.
  package static func readLabels(_ path: String) throws(DatasetError) -> [UInt8] {
    let source = try ByteSource(path: path)
    let (type, sizes) = try readHeader(source, path, dimensions: 1...1, of: "labels", types: [8, 9, 11, 12])
    let count = sizes[0]
    try DatasetLimits.checkCount(count, of: "labels", path)
    let width = type == 12 ? 4 : type == 11 ? 2 : 1
    let bytes = try readElements(source, count * width, "\(count) labels")
    if type == 8 { return bytes }
    var labels: [UInt8] = []
    for label in 0..<count {
      let digits = bytes[label * width..<(label + 1) * width]
      guard digits.dropLast().allSatisfy({ $0 == 0 }), type != 9 || digits.last! < 128 else {
        throw .damaged(path: path, reason: "the label of image \(label) is not a number from 0 to 255")
      }
      labels.append(digits.last!)
    }
    return labels
  }

  private static func readHeader(
    _ source: ByteSource, _ path: String, dimensions expected: ClosedRange<Int>, of what: String, types: [UInt8]
  ) throws(DatasetError) -> (type: UInt8, sizes: [Int]) {
    let magic = try source.read(4, expecting: "the IDX header")
    guard magic[0] == 0, magic[1] == 0, types.contains(magic[2]) else {
      let found = magic.map { String($0, radix: 16) }.joined(separator: " ")
      let expected = types.map { String($0, radix: 16) }.alternatives
      throw .damaged(
        path: path, reason: "is not an IDX file of \(what): it begins with \(found), expected 0 0 \(expected)")
    }
    let dimensions = Int(magic[3])
    guard expected ~= dimensions else {
      let numbers = expected.lowerBound == expected.upperBound ? "1" : "3 (gray) or 4 (with channels)"
      throw .damaged(path: path, reason: "has \(dimensions) dimensions; \(what) have \(numbers)")
    }
    let bytes = try source.read(4 * dimensions, expecting: "the IDX header")
    let sizes = (0..<dimensions).map { dimension in
      bytes[4 * dimension..<4 * dimension + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    return (magic[2], sizes)
  }

  private static func readElements(
    _ source: ByteSource, _ count: Int, _ what: String
  ) throws(DatasetError) -> [UInt8] {
    let elements = try source.read(count, expecting: what)
    try source.expectEnd(after: what)
    return elements
  }
}
