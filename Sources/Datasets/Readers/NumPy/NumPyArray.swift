/// An array of numbers in NumPy's format, as a file or in an archive.
struct NumPyArray {
  /// The name for errors.
  let path: String
  let header: NumPyHeader
  /// Opens the array again, at its header.
  private let open: () throws(DatasetError) -> any SequentialSource

  /// The elements that are converted at a time.
  private static let block = 1 << 18

  init(path: String, open: @escaping () throws(DatasetError) -> any SequentialSource) throws(DatasetError) {
    (self.path, self.open) = (path, open)
    header = try NumPyHeader(try open(), path: path)
  }

  /// What the elements are: their range, and whether all are whole numbers.
  struct Values {
    var range: ClosedRange<Double>
    var areWhole: Bool

    func union(_ other: Values) -> Values {
      Values(
        range: min(range.lowerBound, other.range.lowerBound)...max(range.upperBound, other.range.upperBound),
        areWhole: areWhole && other.areWhole)
    }
  }

  /// Examines all elements.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if an element is not a number.
  func values() throws(DatasetError) -> Values {
    if header.kind == .unsigned, header.width == 1 { return Values(range: 0...255, areWhole: true) }
    var found: Values?
    try forEachBlock { _, numbers throws(DatasetError) in
      for number in numbers {
        guard number.isFinite else { throw .damaged(path: path, reason: "holds an element that is not finite") }
        let value = Values(range: number...number, areWhole: number == number.rounded())
        found = found?.union(value) ?? value
      }
    }
    return found ?? Values(range: 0...0, areWhole: true)
  }

  /// Returns the elements as bytes, in the order of the file, multiplied by `scale` and rounded. They must be from 0 to
  /// 255 then.
  func bytes(scale: Double = 1) throws(DatasetError) -> [UInt8] {
    if header.kind == .unsigned, header.width == 1, scale == 1 {
      return try start().read(header.count, expecting: "\(header.count) elements")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(header.count)
    try forEachBlock { first, numbers throws(DatasetError) in
      for (index, number) in numbers.enumerated() {
        let scaled = (number * scale).rounded()
        guard 0...255 ~= scaled else {
          throw .damaged(path: path, reason: "element \(first + index) is \(Self.text(number)); expected 0 to 255")
        }
        bytes.append(UInt8(scaled))
      }
    }
    return bytes
  }

  /// The text of a number for errors: without decimals if it is whole.
  static func text(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }

  /// Opens the array and reads its header.
  private func start() throws(DatasetError) -> any SequentialSource {
    let source = try open()
    guard try NumPyHeader(source, path: path) == header else {
      throw .damaged(path: path, reason: "has changed while it was read")
    }
    guard header.count * header.width <= source.remaining else {
      throw .damaged(path: path, reason: "ends too early: \(header.count) elements expected")
    }
    return source
  }

  private func forEachBlock(_ body: (_ first: Int, [Double]) throws(DatasetError) -> Void) throws(DatasetError) {
    let source = try start()
    var done = 0
    while done < header.count {
      let count = min(Self.block, header.count - done)
      let bytes = try source.read(count * header.width, expecting: "\(header.count) elements")
      try body(done, bytes.withUnsafeBytes { bytes in (0..<count).map { number(bytes, $0) } })
      done += count
    }
  }

  /// Returns an element. Integers beyond 2^53 are rounded, and are out of range anyway.
  private func number(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Double {
    func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
      let number = bytes.loadUnaligned(fromByteOffset: index * header.width, as: type)
      return header.isBigEndian ? Number(bigEndian: number) : Number(littleEndian: number)
    }
    switch (header.kind, header.width) {
    case (.signed, 1): return Double(load(Int8.self))
    case (.signed, 2): return Double(load(Int16.self))
    case (.signed, 4): return Double(load(Int32.self))
    case (.signed, _): return Double(load(Int64.self))
    case (.floating, 2): return Double(Float16(bitPattern: load(UInt16.self)))
    case (.floating, 4): return Double(Float(bitPattern: load(UInt32.self)))
    case (.floating, _): return Double(bitPattern: load(UInt64.self))
    case (_, 1): return Double(load(UInt8.self))
    case (_, 2): return Double(load(UInt16.self))
    case (_, 4): return Double(load(UInt32.self))
    default: return Double(load(UInt64.self))
    }
  }
}
