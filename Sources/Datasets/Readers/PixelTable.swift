internal import Foundation
internal import Text

/// A text file with a line for each image: its label, and its pixels as whole numbers from 0 to 255.
///
/// Fields are separated by commas, semicolons or tabs, and may be in quotes. A header is a first line with the name of
/// the label column, or in which more than one field is not a number, or whose numbers count the columns.
struct PixelTable {
  /// The names of label columns in lower case.
  static let labelColumns = ["label", "labels", "class", "category", "target", "y"]
  /// The names in lower case of columns that number images, and are neither labels nor pixels.
  private static let imageNumberColumns = ["id", "image_id", "imageid", "img_id", "uuid"]
  /// The most bytes in a line: each pixel of the largest image takes a few.
  private static let lineLimit = DatasetLimits.side * DatasetLimits.side * 3 * 32

  private(set) var shape = ImageShape(height: 1, width: 1, channels: 1)
  /// The different labels, in the order of the lines.
  private(set) var labelNames: [String] = []
  private var pixels: [UInt8] = []
  /// Of each image, the index in ``labelNames``.
  private var labels: [UInt8] = []

  /// About the first line, if it may be an image or a header; nil otherwise.
  private(set) var note: String?

  private let path: String
  private let chosenColumn: String?
  private var separator = UInt8(ascii: ",")
  private var columnCount = 0
  private var labelColumn = 0
  /// Whether nothing but the place says that the first column has the labels.
  private var isLabelColumnAssumed = false
  private var indices: [[UInt8]: UInt8] = [:]

  /// - Parameter column: the name of the column with the labels, or `first` or `last`; nil for the usual ones
  init(_ file: FileName, _ column: String?) throws(DatasetError) {
    (path, chosenColumn) = (file.shown, column)
    let source = try ByteSource(path: file)
    var (rest, lineNumber, isAtEnd): ([UInt8], Int, Bool) = ([], 0, false)
    while !isAtEnd {
      let chunk = try source.read(atMost: 1 << 20)
      isAtEnd = chunk.isEmpty
      if lineNumber == 0, rest.isEmpty, chunk.starts(with: [0xff, 0xfe]) || chunk.starts(with: [0xfe, 0xff]) {
        throw .damaged(path: path, reason: "is text in UTF-16; save it as CSV in UTF-8")
      }
      rest += chunk
      if isAtEnd, rest.last != UInt8(ascii: "\n") { rest.append(UInt8(ascii: "\n")) }
      var start = 0
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        lineNumber += 1
        var line = rest[start..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if lineNumber == 1, line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
        if !line.isEmpty { try add(line, lineNumber) }
        start = end + 1
      }
      rest.removeFirst(start)
      guard rest.count <= Self.lineLimit else {
        throw .damaged(path: path, reason: "line \(lineNumber + 1) is longer than \(Self.lineLimit >> 20) MiB")
      }
    }
    try DatasetLimits.checkCount(labels.count, of: "images", path)
    if isLabelColumnAssumed { try checkFirstColumnHasLabels() }
  }

  /// Returns the class names for labels of these names: whole numbers up to the largest one if all are numbers from 0
  /// to 255, else the names, sorted by their bytes.
  static func classNames(_ labels: [String]) -> [String] {
    let numbers = labels.compactMap(UInt8.init)
    guard numbers.count < labels.count || labels.isEmpty else { return (0...numbers.max()!).map(String.init) }
    return Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// - Parameter classNames: those of all labels
  func images(classNames: [String]) -> LabeledImages {
    let areNumbers = labelNames.allSatisfy { UInt8($0) != nil } && classNames == classNames.indices.map(String.init)
    let places = labelNames.map { name in
      areNumbers ? UInt8(name)! : UInt8(truncatingIfNeeded: classNames.firstIndex(of: name)!)
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels.map { places[Int($0)] })
  }

  private mutating func add(_ line: ArraySlice<UInt8>, _ number: Int) throws(DatasetError) {
    if columnCount == 0, try begin(line) { return }
    var (column, label): (Int, [UInt8]) = (0, [])
    let before = pixels.count
    var start = line.startIndex
    while start <= line.endIndex {
      let end = line[start...].firstIndex(of: separator) ?? line.endIndex
      let field = line[start..<end]
      start = end + 1
      if column == labelColumn {
        label = Array(Self.content(field))
      } else if column < columnCount {
        guard let pixel = Self.pixel(field) else {
          throw .damaged(
            path: path,
            reason: "line \(number), column \(column + 1): "
              + "'\(String(decoding: field.prefix(40), as: UTF8.self))' is not a whole number from 0 to 255")
        }
        pixels.append(pixel)
      }
      column += 1
    }
    guard column == columnCount else {
      throw .damaged(
        path: path, reason: "line \(number) has \(counted(column, "column")), but the first line has \(columnCount)")
    }
    labels.append(try index(of: label, number))
    if labels.count.isMultiple(of: 1024) { try DatasetLimits.checkMemory(pixels.count, path) }
    try DatasetLimits.checkCount(labels.count, of: "images", path)
    assert(pixels.count - before == shape.count)
  }

  private mutating func index(of label: [UInt8], _ line: Int) throws(DatasetError) -> UInt8 {
    if let index = indices[label] { return index }
    guard let text = String(validating: label, as: UTF8.self)?.precomposedStringWithCanonicalMapping else {
      throw .damaged(path: path, reason: "line \(line): the label is not text in UTF-8")
    }
    // A whole number may be written with decimals, and has one name.
    let name = Self.pixel(label[...]).map { "\($0)" } ?? text
    let index = labelNames.firstIndex(of: name) ?? labelNames.count
    if index == labelNames.count {
      try DatasetLimits.checkNames([name], path)
      guard index < DatasetLimits.classes else {
        throw .damaged(
          path: path, reason: "holds more than \(DatasetLimits.classes) different labels; is the label another column?")
      }
      labelNames.append(name)
    }
    indices[label] = UInt8(index)
    return UInt8(index)
  }

  /// Determines the separator, the column of the labels and the shape of the images by the first line.
  /// - Returns: whether the line is a header
  private mutating func begin(_ line: ArraySlice<UInt8>) throws(DatasetError) -> Bool {
    let counts = [",", ";", "\t"].map { text in
      let separator = text.utf8.first!
      return (separator, line.count { $0 == separator })
    }
    separator = counts.max { $0.1 < $1.1 }!.0
    let fields = line.split(separator: separator, omittingEmptySubsequences: false).map(Self.content)
    columnCount = fields.count
    let texts = fields.indices.filter { Double(String(decoding: fields[$0], as: UTF8.self)) == nil }
    let names = fields.map { String(decoding: $0, as: UTF8.self) }
    let isNamed = names.contains { Self.labelColumns.contains($0.lowercased()) || $0 == chosenColumn }
    let isHeader = texts.count > 1 || texts.count == 1 && isNamed || Self.countColumns(names, except: texts)
    labelColumn = try labelColumn(names, isHeader: isHeader, texts)
    isLabelColumnAssumed = chosenColumn == nil && texts.isEmpty
    // Numbers above 255 are not pixels.
    if isHeader, texts.isEmpty, columnCount <= 256 {
      note = "the first line of \(path) counts the columns, and is used as the header, not as an image"
    }
    try setShape(names, isHeader: isHeader)
    return isHeader
  }

  /// Whether fields are consecutive numbers from 0 or 1, as pandas names the columns of an array.
  /// - Parameter texts: the places of fields that are not numbers, of which there may be one
  private static func countColumns(_ names: [String], except texts: [Int]) -> Bool {
    let numbers = names.indices.filter { !texts.contains($0) }.map { Int(names[$0]) }
    guard texts.count <= 1, numbers.count > 1, let first = numbers[0], 0...1 ~= first else { return false }
    return numbers.indices.allSatisfy { numbers[$0] == first + $0 }
  }

  private func labelColumn(_ names: [String], isHeader: Bool, _ texts: [Int]) throws(DatasetError) -> Int {
    switch chosenColumn {
    case "first": return 0
    case "last": return names.count - 1
    case let name?:
      if isHeader, let column = names.firstIndex(of: name) { return column }
      throw .inconsistent(path: path, reason: "has no column with the name '\(name)' for the labels")
    case nil:
      guard isHeader else { return texts.first ?? 0 }
      if let column = names.firstIndex(where: { Self.labelColumns.contains($0.lowercased()) }) { return column }
      if texts.count <= 1 { return texts.first ?? 0 }
      throw .inconsistent(
        path: path, reason: "has no column with the labels; expected the name \(Self.labelColumns.alternatives)")
    }
  }

  private mutating func setShape(_ names: [String], isHeader: Bool) throws(DatasetError) {
    let pixelCount = columnCount - 1
    let numbersImages =
      isHeader
      && names.indices.contains { $0 != labelColumn && Self.imageNumberColumns.contains(names[$0].lowercased()) }
    let hasPixels = pixelCount > 3 && !numbersImages
    guard hasPixels || !isHeader else {
      throw .inconsistent(
        path: path,
        reason: "has the columns \(names.listed(atMost: 5)), but neither a column path nor only the pixels of an "
          + "image; name image files in a column path, or remove all columns but the label and the pixels")
    }
    for channels in [1, 3] where hasPixels && pixelCount.isMultiple(of: channels) {
      let side = Int(Double(pixelCount / channels).squareRoot().rounded())
      guard side * side * channels == pixelCount else { continue }
      shape = ImageShape(height: side, width: side, channels: channels)
      return try DatasetLimits.check(shape, path, verb: "holds images of")
    }
    throw .damaged(
      path: path,
      reason:
        "has \(counted(pixelCount, "column")) besides the label; expected the pixels of square images of at least 2x2, "
        + "gray or RGB, or the path of an image file on each line")
  }

  /// Checks that the last column is not the one that has labels, by its numbers: labels are consecutive from 0 or 1.
  /// - Throws: ``DatasetError/inconsistent(path:reason:)`` that names the option for the choice
  private func checkFirstColumnHasLabels() throws(DatasetError) {
    func areLabels(_ numbers: Set<UInt8>) -> Bool {
      guard let first = numbers.min(), let last = numbers.max() else { return false }
      return numbers.count > 1 && first <= 1 && Int(last) - Int(first) == numbers.count - 1
    }
    let first = Set(labelNames.compactMap { UInt8($0) })
    let last = Set(stride(from: shape.count - 1, to: pixels.count, by: shape.count).map { pixels[$0] })
    guard first.count == labelNames.count, !areLabels(first), areLabels(last) else { return }
    throw .inconsistent(
      path: path,
      reason: "has \(counted(first.count, "different number")) in the first column, and \(last.min()!) to "
        + "\(last.max()!) in the last, which may be the labels; choose the column with --label last or --label first")
  }

  /// Returns a field without spaces and quotes around it.
  private static func content(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var field = field
    while let byte = field.first, byte == 0x20 || byte == 0x09 { field.removeFirst() }
    while let byte = field.last, byte == 0x20 || byte == 0x09 { field.removeLast() }
    if field.count >= 2, field.first == UInt8(ascii: "\""), field.last == UInt8(ascii: "\"") {
      field = field.dropFirst().dropLast()
    }
    return field
  }

  /// Returns a whole number from 0 to 255, which may be written with decimals (`12.0`, `1.2e1`).
  private static func pixel(_ field: ArraySlice<UInt8>) -> UInt8? {
    if 1...3 ~= field.count, field.allSatisfy({ 0x30...0x39 ~= $0 }) {
      let number = field.reduce(0) { $0 * 10 + Int($1 & 15) }
      return number <= 255 ? UInt8(number) : nil
    }
    let text = content(field)
    guard text.count <= 40, let first = text.first, 0x30...0x39 ~= first || first == UInt8(ascii: "."),
      text.allSatisfy({ 0x30...0x39 ~= $0 || "+-.eE".utf8.contains($0) })
    else { return nil }
    return Double(String(decoding: text, as: UTF8.self)).flatMap { UInt8(exactly: $0) }
  }
}
