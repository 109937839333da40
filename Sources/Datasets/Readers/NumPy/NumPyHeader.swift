internal import Foundation

/// The header of an array in NumPy's format NPY (NEP 1): the type, the order and the shape of the elements.
struct NumPyHeader: Equatable {
  /// The kinds of numbers, by their letters.
  enum Kind: Character {
    case boolean = "b"
    case unsigned = "u"
    case signed = "i"
    case floating = "f"
  }

  let kind: Kind
  /// The number of bytes in an element: 1, 2, 4 or 8.
  let width: Int
  let isBigEndian: Bool
  /// Whether the first index varies fastest.
  let isColumnMajor: Bool
  let shape: [Int]

  /// The number of elements: at most 2^46.
  var count: Int { shape.reduce(1, *) }

  /// Reads the header.
  /// - Parameter path: the name of the array for errors
  /// - Throws: ``DatasetError/damaged(path:reason:)``, also if the elements are not numbers. Pickled objects are
  ///   never read.
  init(_ source: any SequentialSource, path: String) throws(DatasetError) {
    let magic = try source.read(8, expecting: "the header of a NumPy array")
    guard magic[0] == 0x93, magic[1...].starts(with: Array("NUMPY".utf8)), 1...3 ~= magic[6] else {
      throw .damaged(path: path, reason: "is not a NumPy array")
    }
    let length = Bytes(try source.read(magic[6] == 1 ? 2 : 4, expecting: "the header of a NumPy array"))
    guard let length = length.number(0, magic[6] == 1 ? 2 : 4), length <= 1 << 16 else {
      throw .damaged(path: path, reason: "has a header of more than 64 KiB")
    }
    let text = String(decoding: try source.read(length, expecting: "the header of a NumPy array"), as: UTF8.self)
    guard let type = Self.value("descr", text), let order = Self.value("fortran_order", text),
      let shape = Self.value("shape", text).flatMap(Self.shape), order == "True" || order == "False"
    else { throw .damaged(path: path, reason: "has an invalid header: \(text.prefix(100))") }
    guard let (kind, width, isBigEndian) = Self.type(type) else {
      let reason =
        type.contains("O") ? "holds Python objects, which are never read" : "has elements of the type \(type)"
      throw .damaged(path: path, reason: "\(reason); expected numbers")
    }
    (self.kind, self.width, self.isBigEndian) = (kind, width, isBigEndian)
    (isColumnMajor, self.shape) = (order == "True", shape)
  }

  /// Returns the text of a value in a Python dictionary with the keys descr, fortran_order and shape.
  private static func value(_ key: String, _ text: String) -> String? {
    guard let start = text.range(of: "'\(key)':")?.upperBound else { return nil }
    let rest = text[start...].drop { $0 == " " }
    switch rest.first {
    case "'":
      let content = rest.dropFirst()
      return content.firstIndex(of: "'").map { String(content[..<$0]) }
    case "(": return rest.firstIndex(of: ")").map { String(rest[...$0]) }
    case "[": return rest.firstIndex(of: "]").map { String(rest[...$0]) }
    default: return String(rest.prefix { $0.isLetter })
    }
  }

  /// Parses a tuple of 1 to 32 sizes, each below 2^32, with fewer than 2^46 elements.
  private static func shape(_ text: String) -> [Int]? {
    guard text.hasPrefix("("), text.hasSuffix(")") else { return nil }
    let parts = text.dropFirst().dropLast().split(separator: ",").map { $0.filter { $0 != " " } }
    let sizes = parts.compactMap { part in
      part.allSatisfy { $0.isASCII && $0.isNumber } ? UInt32(part).map(Int.init) : nil
    }
    guard sizes.count == parts.count, 1...32 ~= sizes.count else { return nil }
    var count = 1
    for size in sizes {
      // A size of 0 must not hide the others: strides are products of them.
      let (product, overflows) = count.multipliedReportingOverflow(by: max(1, size))
      guard !overflows, product < 1 << 46 else { return nil }
      count = product
    }
    return sizes
  }

  private static func type(_ text: String) -> (Kind, Int, Bool)? {
    let letters = Array(text)
    guard letters.count == 3, "<>|=".contains(letters[0]), let kind = Kind(rawValue: letters[1]),
      let width = letters[2].wholeNumberValue, [1, 2, 4, 8].contains(width)
    else { return nil }
    guard kind != .boolean || width == 1, kind != .floating || width >= 2 else { return nil }
    return (kind, width, letters[0] == ">")
  }
}
