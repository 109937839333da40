import Compute
import Datasets
import Foundation
import Testing

@Suite struct PixelTableTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ name: String) throws { _ = try folder.write(Array(text.utf8), name) }

  private func load(column: String? = nil, path: String? = nil) throws -> Dataset {
    var options = DatasetOptions()
    options.labelColumn = column
    return try Dataset.load(directory: path ?? folder.path, options: options)
  }

  private func message(column: String? = nil) -> String {
    do {
      _ = try load(column: column)
      return "accepted"
    } catch { return "\(error)" }
  }

  /// Tables of the same four training images of 2x2, which `expected` describes.
  private static let tables: [(text: String, column: String?)] = [
    ("label,p0,p1,p2,p3\n1,0,1,2,3\n0,4,5,6,255\n1,7,8,9,10\n2,11,12,13,14\n", nil),
    ("1,0,1,2,3\n0,4,5,6,255\n1,7,8,9,10\n2,11,12,13,14", nil),
    ("\u{feff}0,1,2,3,1\r\n4,5,6,255,0\r\n7,8,9,10,1\r\n\r\n11,12,13,14,2\r\n", "last"),
    ("p0;p1;p2;p3;Class\n0;1;2;3;1\n4;5;6;255;0\n7;8;9;10;1\n11;12;13;14;2\n", nil),
    ("a\t\"kind\"\tb\tc\td\n0\t1\t1\t2\t3\n4\t0\t5\t6\t255\n7\t1\t8\t9\t10\n11\t2\t12\t13\t14\n", "kind"),
    ("label,0,1,2,3\n1.0,0e0, 1.0 ,\"2\",3.\n0,4,5,6.000,2.55e2\n1,7,8,9,10\n2,11,12,13,14\n", nil),
    ("1,0,1,2,3\n0,4,5,6,255\n1,7,8,9,10\n2,11,12,13,14\n", "first"),
  ]

  @Test(arguments: tables.indices) func readsTable(index: Int) throws {
    let (text, column) = Self.tables[index]
    try write(text, "x-Train.csv")
    try write(text, "x-Test.csv")
    let dataset = try load(column: column)
    #expect(dataset.shape == ImageShape(height: 2, width: 2, channels: 1) && dataset.classNames == ["0", "1", "2"])
    #expect(dataset.train.pixels == [0, 1, 2, 3, 4, 5, 6, 255, 7, 8, 9, 10, 11, 12, 13, 14])
    #expect(dataset.train.labels == [1, 0, 1, 2] && dataset.test == dataset.train && dataset.notes.isEmpty)
  }

  @Test func labelsMayBeNames() throws {
    try write("cat,1\ndog,2\n\"ant\",3\ncat,4\n", "train.csv")
    try write("cafe\u{301},5\ndog,6\n", "test.csv")
    let dataset = try load()
    #expect(dataset.classNames == ["ant", "caf\u{e9}", "cat", "dog"])
    #expect(dataset.train.labels == [2, 3, 0, 2] && dataset.test.labels == [1, 3])
  }

  @Test func colorPixelsAreInterleaved() throws {
    let pixels = randomBytes(12, key: 1)
    let row = pixels.map { "\($0)" }.joined(separator: ",")
    for name in ["train.csv", "test.csv"] { try write("0,\(row)\n1,\(row)", name) }
    #expect(try load().shape == ImageShape(height: 2, width: 2, channels: 3) && load().train.pixels == pixels + pixels)
  }

  /// A line keeps its set when lines are added.
  @Test func singleTableIsSplitByLine() throws {
    func text(_ count: Int) -> String { (0..<count).map { "\($0 % 2),\($0)\n" }.joined() }
    try write("label,p\n" + text(100), "some.csv")
    let dataset = try load(path: folder.path + "/some.csv")
    #expect(dataset.name == "some.csv" && dataset.notes[0].contains("chosen by their numbers"))
    #expect((dataset.train.pixels + dataset.test.pixels).sorted() == (0..<100).map { UInt8($0) })
    #expect(zip(dataset.test.pixels, dataset.test.labels).allSatisfy { $0 % 2 == $1 })
    _ = try folder.write(try gzipped(Array(text(200).utf8)), "some.csv.gz")
    let longer = try load(path: folder.path + "/some.csv.gz")
    #expect(longer.test.pixels.filter { $0 < 100 } == dataset.test.pixels)
    #expect(message().contains("holds 2 tables; expected one, or two"))
  }

  @Test func tableOfOneClassIsOnlyEvaluated() throws {
    try write("label,p\ncat,1\ncat,2\ncat,3\n", "some.csv")
    #expect(
      message().hasSuffix(
        "some.csv: holds images of only one class (cat) and no test set; add images of another class, or a test set"))
    var options = DatasetOptions()
    options.isForEvaluation = true
    let dataset = try Dataset.load(directory: folder.path, options: options)
    #expect(dataset.train.count == 0 && dataset.test.pixels == [1, 2, 3] && dataset.test.labels == [0, 0, 0])
    #expect(dataset.notes == ["there is no test set, and the only class is cat; all 3 images are evaluated"])
    #expect(!dataset.details.isSplit)
  }

  @Test func refusesInvalidTable() throws {
    let cases: [(text: String, says: String)] = [
      ("", "holds no images"), ("label,p0\n", "holds no images"), ("0\n1\n", "has 0 columns besides the label"),
      ("0,1,2\n", "has 2 columns besides the label"),
      ("0,1\n1,2,3\n", "line 2 has 3 columns, but the first line has 2"),
      ("0,1\n1\n", "line 2 has 1 column,"), ("0,1\n0,256\n", "line 2, column 2: '256' is not a whole number"),
      ("0,1\n0,-1\n", "'-1' is not"), ("0,1\n0,1.5\n", "'1.5' is not"), ("0,1\n0,\n", "'' is not"),
      ("0,1\n0,nan\n", "'nan' is not"), ("0,1\n0,1e999\n", "'1e999' is not"), ("0,1\n0,0x1\n", "'0x1' is not"),
      ("a,b,c\n1,2,3\n", "has no column with the labels; expected the name label,"),
      ("0,1\n,2\n", "the class name \"\""), ("0,1\na\u{1b}[2J,2\n", "control characters"),
      ((0...256).map { "c\($0),1\n" }.joined(), "more than 256 different labels"),
      ("0," + String(repeating: "1,", count: 513 * 513 - 1) + "1\n", "513x513"),
    ]
    for (text, says) in cases {
      try write(text, "table.csv")
      #expect(message().contains(says), "\(text.prefix(30)): \(message())")
    }
    #expect(message(column: "kind").contains("has no column with the name 'kind'"))
    _ = try folder.write([0x63, 0xe9, 0x2c, 0x31, 10], "table.csv")
    #expect(message().contains("line 1: the label is not text in UTF-8"))
    for order in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
      _ = try folder.write([UInt8]("\u{feff}label,p0\n0,1\n1,2\n".data(using: order)!), "table.csv")
      #expect(message().contains("is text in UTF-16; save it as CSV in UTF-8"))
    }
  }

  @Test func mutatedTablesNeverCrash() throws {
    var random = RandomSequence(seed: 14, .test)
    for round in 0..<2000 {
      let original = Array(Self.tables[round % Self.tables.count].text.utf8)
      _ = try folder.write(mutated(original, &random), "table.csv")
      if let dataset = try? load() { #expect(dataset.train.count > 0 && dataset.test.count > 0) }
    }
  }
}
