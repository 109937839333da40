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
    try write("cat,1,1,1,1\ndog,2,2,2,2\n\"ant\",3,3,3,3\ncat,4,4,4,4\n", "train.csv")
    try write("cafe\u{301},5,5,5,5\ndog,6,6,6,6\n", "test.csv")
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
    func text(_ count: Int) -> String { (0..<count).map { "\($0 % 2),\($0),0,0,0\n" }.joined() }
    func firstPixels(_ images: LabeledImages) -> [UInt8] { (0..<images.count).map { images.pixels[4 * $0] } }
    try write("label,p,q,r,s\n" + text(100), "some.csv")
    let dataset = try load(path: folder.path + "/some.csv")
    #expect(dataset.name == "some.csv" && dataset.notes[0].contains("chosen by their numbers"))
    #expect((firstPixels(dataset.train) + firstPixels(dataset.test)).sorted() == (0..<100).map { UInt8($0) })
    #expect(zip(firstPixels(dataset.test), dataset.test.labels).allSatisfy { $0 % 2 == $1 })
    _ = try folder.write(try gzipped(Array(text(200).utf8)), "some.csv.gz")
    let longer = try load(path: folder.path + "/some.csv.gz")
    #expect(firstPixels(longer.test).filter { $0 < 100 } == firstPixels(dataset.test))
    #expect(message().contains("holds 2 tables; expected one, or two"))
  }

  @Test func tableOfOneClassIsOnlyEvaluated() throws {
    try write("label,p,q,r,s\ncat,1,1,1,1\ncat,2,2,2,2\n", "some.csv")
    #expect(
      message().hasSuffix(
        "some.csv: holds images of only one class (cat) and no test set; add images of another class, or a test set"))
    var options = DatasetOptions()
    options.isForEvaluation = true
    let dataset = try Dataset.load(directory: folder.path, options: options)
    #expect(dataset.train.count == 0 && dataset.test.pixels == [1, 1, 1, 1, 2, 2, 2, 2])
    #expect(dataset.test.labels == [0, 0])
    #expect(dataset.notes == ["there is no test set, and the only class is cat; all 2 images are evaluated"])
    #expect(!dataset.details.isSplit)
  }

  /// A competition's table of names and labels has no pixels.
  @Test(arguments: [
    "id,label\n0,cat\n1,dog\n", "id,label\n0fa3e,cat\n", "filename_,w,h,class\n3,4,5,0\n",
    "label,Image_ID,x,y,z\n0,1,2,3,4\n",
  ]) func tableWithoutPixelsIsRefused(text: String) throws {
    try write(text, "labels.csv")
    let columns = text.prefix { $0 != "\n" }.split(separator: ",").joined(separator: ", ")
    let says = "labels.csv: has the columns \(columns), but neither a column path nor only the pixels"
    #expect(message().contains(says), "\(message())")
  }

  /// pandas numbers the columns of an array.
  @Test(
    arguments: [
      ("0,1,2,3,4\n1,7,8,9,9\n0,7,8,9,9\n", nil), ("digit,0,1,2,3\n1,7,8,9,9\n0,7,8,9,9\n", nil),
      ("1,2,3,4,kind\n7,8,9,9,1\n7,8,9,9,0\n", nil), ("\"0\",1,2,3,4\n7,8,1,9,9\n7,8,0,9,9\n", "2"),
    ] as [(String, String?)]) func firstLineThatCountsTheColumnsIsAHeader(text: String, column: String?) throws
  {
    for name in ["train.csv", "test.csv"] { try write(text, name) }
    let dataset = try load(column: column)
    #expect(dataset.train.labels == [1, 0] && dataset.train.pixels == [7, 8, 9, 9, 7, 8, 9, 9])
    #expect(dataset.classNames == ["0", "1"])
    // Numbers alone may also be an image.
    let isNoted = !text.contains { $0.isLetter }
    #expect(dataset.notes.contains { $0.contains("counts the columns, and is used as the header") } == isNoted)
  }

  /// A chosen column may have any name.
  @Test func columnOfNumbersOfImagesCanHoldLabels() throws {
    for name in ["train.csv", "test.csv"] { try write("id,p,q,r,s\n0,1,2,3,4\n1,5,6,7,8\n", name) }
    #expect(try load(column: "id").train.labels == [0, 1])
    #expect(try load(column: "id").train.pixels == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(message().contains("has no column with the labels; expected the name label, "))
  }

  /// Without a header, the first column is that of the labels unless only the last one has numbers like labels.
  @Test func labelsInTheLastColumnMustBeChosen() throws {
    func text(first: [Int], last: [Int]) -> String { zip(first, last).map { "\($0),7,8,9,\($1)\n" }.joined() }
    func write(_ text: String) throws { for name in ["train.csv", "test.csv"] { try self.write(text, name) } }
    for first in [[0, 0, 0], [22, 250, 30]] {
      let border = text(first: first, last: [2, 1, 3])
      try write(border)
      #expect(message().contains("1 to 3 in the last, which may be the labels; choose the column with --label last"))
      #expect(try load(column: "last").train.labels == [2, 1, 3])
      #expect(!message(column: "first").contains("may be the labels"))
    }
    try write("label,p,q,r,s\n" + text(first: [22, 250, 30], last: [2, 1, 3]))
    #expect(
      try load().notes == ["the labels start at 22; the classes 0 to 21 stay in the list of classes, without images"])
    for (first, last) in [
      ([2, 0, 1], [2, 0, 1]), ([3, 5, 3], [0, 0, 0]), ([3, 5, 3], [2, 3, 4]), ([3, 5, 3], [0, 2, 0]),
    ] {
      try write(text(first: first, last: last))
      #expect(try load().train.labels == first.map { UInt8($0) })
    }
  }

  @Test func tablesOfEMNISTAreTransposedIfChosen() throws {
    for name in ["emnist-letters-train.csv", "emnist-letters-test.csv"] {
      try write("1,5,6,7,8\n0,5,6,7,8\n", name)
    }
    #expect(try load().notes.contains { $0.contains("EMNIST are stored with rows and columns exchanged") })
    var options = DatasetOptions()
    options.isTransposed = true
    let transposed = try Dataset.load(directory: folder.path, options: options)
    #expect(transposed.train.pixels == [5, 7, 6, 8, 5, 7, 6, 8] && transposed.notes.isEmpty)
  }

  @Test func refusesInvalidTable() throws {
    let cases: [(text: String, says: String)] = [
      ("", "holds no images"), ("label,p,q,r,s\n", "holds no images"), ("0\n1\n", "has 0 columns besides the label"),
      ("0,7\n", "has 1 column besides the label"), ("0,7,9\n", "has 2 columns besides the label"),
      ("0,7,7,9\n", "has 3 columns besides the label; expected the pixels of square images of at least 2x2"),
      ("0,1,1,1,1\n1,2,3\n", "line 2 has 3 columns, but the first line has 5"),
      ("0,1,1,1,1\n1\n", "line 2 has 1 column,"),
      ("a,b,c\n1,2,3\n", "has no column with the labels; expected the name label,"),
      ("0,1,1,1,1\n,2,2,2,2\n", "the class name \"\""),
      ("0,1,1,1,1\na\u{1b}[2J,2,2,2,2\n", "control characters"),
      ((0...256).map { "c\($0),1,1,1,1\n" }.joined(), "more than 256 different labels"),
      ("0," + String(repeating: "1,", count: 513 * 513 - 1) + "1\n", "513x513"),
    ]
    let pixels = ["256", "-1", "1.5", "", "nan", "1e999", "0x1"].map {
      (text: "0,1,1,1,1\n0,\($0),1,1,1\n", says: "line 2, column 2: '\($0)' is not a whole number")
    }
    for (text, says) in cases + pixels {
      try write(text, "table.csv")
      #expect(message().contains(says), "\(text.prefix(30)): \(message())")
    }
    #expect(message(column: "kind").contains("has no column with the name 'kind'"))
    _ = try folder.write([0x63, 0xe9] + Array(",1,1,1,1\n".utf8), "table.csv")
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
