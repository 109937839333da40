import Compute
import Datasets
import Foundation
import Testing

@Suite struct PathListReaderTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for pixel in 0..<40 {
      let image = RasterImage(shape: ImageShape(height: 1, width: 1, channels: 1), pixels: [UInt8(pixel)])
      _ = try folder.write(try image.encodedAsPNG(), "images/\(pixel).png")
    }
  }

  private func load(
    _ list: String, _ name: String = "list.csv", change: (inout DatasetOptions) -> Void = { _ in }
  ) throws -> Dataset {
    var options = DatasetOptions()
    change(&options)
    return try Dataset.load(directory: folder.write(Array(list.utf8), name), options: options)
  }

  private func message(_ list: String, _ change: (inout DatasetOptions) -> Void = { _ in }) -> String {
    do {
      _ = try load(list, change: change)
      return "accepted"
    } catch { return "\(error)" }
  }

  /// The order of the images is that of the lines.
  @Test(arguments: [
    "label,split,path\ncat,train,images/2.png\ndog,train,images/1.png\ncat,test,images/0.png\n",
    "FileName;Class;set\r\nimages/2.png;cat;Training\r\nimages/1.png;dog;train\r\nimages/0.png;cat;TEST",
    "\u{feff}path\tlabel\tsplit\n\n\"images/2.png\"\tcat\ttrain\nimages/1.png\t dog \ttrain\nimages/0.png\tcat\tval\n",
    "images/2.png,cat,train\nimages/1.png,dog,train\nimages/0.png,cat,test",
    "id,image,width,label,split\n1,images/2.png,3,cat,train\n2,images/1.png,\"4,\n\"\"5\",dog,train\n"
      + "3,images/0.png,,cat,test",
  ]) func columnsHaveAnyOrder(list: String) throws {
    for name in ["list.csv", "list.TSV"] {
      let dataset = try load(list, name)
      #expect(dataset.train.pixels == [2, 1] && dataset.train.labels == [0, 1] && dataset.test.pixels == [0])
      #expect(dataset.classNames == ["cat", "dog"] && dataset.name == "list" && dataset.notes.isEmpty)
    }
  }

  @Test func compressedListsAreRead() throws {
    let list = "images/2.png,7,train\nimages/1.png,1,train\nimages/0.png,1,test\nimages/4.png,1,val"
    _ = try folder.write(gzipped(Array(list.utf8)), "list.csv.gz")
    let dataset = try Dataset.load(directory: folder.path + "/list.csv.gz")
    #expect(dataset.train.labels == [7, 1] && dataset.classCount == 8 && dataset.name == "list")
    #expect(
      dataset.notes == [
        "1 image of the validation set is not used",
        "no image has the label 0: the labels start at 1, as in the letters of EMNIST; class 0 stays in the list of "
          + "classes, without images",
      ])
  }

  @Test func listWithoutSplitIsSplitByNames() throws {
    let lines = (0..<40).map { "images/\($0).png,\($0 % 2)" }
    let dataset = try load("path,label\n" + lines.joined(separator: "\n"))
    #expect(dataset.train.count + dataset.test.count == 40 && dataset.test.count > 1)
    #expect(try Set(load(lines.reversed().joined(separator: "\n")).test.pixels) == Set(dataset.test.pixels))
  }

  @Test func folderHasListsOfTrainingAndTestSet() throws {
    _ = try folder.write(Array("path,label\nimages/3.png,a\nimages/4.png,b".utf8), "train.csv")
    _ = try folder.write(Array("path,label\n\(folder.path)/images/5.png,b".utf8), "test.csv")
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.train.pixels == [3, 4] && dataset.test.pixels == [5] && dataset.test.labels == [1])
    _ = try folder.write(Array("path,label\nimages/3.png,a".utf8), "more.csv")
    #expect { try Dataset.load(directory: folder.path) } throws: { "\($0)".contains("holds 3 lists of images") }
  }

  @Test func labelColumnCanBeChosen() throws {
    let list = "path,label,breed\nimages/1.png,x,cat\nimages/2.png,y,dog\nimages/3.png,y,dog"
    #expect(try load(list) { $0.labelColumn = "Breed" }.classNames == ["cat", "dog"])
    #expect(try load(list) { $0.labelColumn = "last" }.classNames == ["cat", "dog"])
    #expect(try load(list) { $0.labelColumn = "first" }.classNames == ["x", "y"])
    #expect(message(list) { $0.labelColumn = "species" }.contains("no column with labels; expected the name 'species'"))
  }

  @Test func missingFilesStopOrAreSkipped() throws {
    let list = "images/1.png,a,train\nimages/2.png,b,train\nimages/none.png,a,train\nimages/3.png,a,test"
    #expect(message(list).contains("images/none.png: there is no such file"))
    let dataset = try load(list) { $0.skipsDamaged = true }
    #expect(dataset.train.pixels == [1, 2] && dataset.damaged.count == 1 && dataset.notes.count == 1)
  }

  @Test(arguments: [
    ("path,label\n", "holds no images"), ("path,other\nimages/1.png,a", "has no column with labels"),
    ("path,label\nimages/1.png", "line 2 has 1 column, but the first line has 2"),
    ("path,label\n\"images/1.png,a\n", "line 2 has a quote that does not end"),
    ("path,label\n\"images\"/1.png,a\n", "line 2 has characters after a closing quote"),
    ("path,label\nimages/1.png,\n", "line 2 has no label"), ("path,label\n,a\n", "line 2 has no path"),
    ("path,label,split\nimages/1.png,a,best\n", "line 2: 'best' is not a part of a data set"),
    ("path,label,split\nimages/1.png,a,test\n", "names test images only; expected lines of the split train"),
    ("path,label\nimages/1.png,a\nimages/2.png,b", "names one image of each class and no test set"),
    (
      "path,label\nimages/1.png,a\nimages/2.png,a",
      "names images of only one class (a) and no test set; add images of another class, or a test set"
    ),
    ("path,label\nimages/1.png,7\n", "names images of only one class (7) and no test set"),
  ]) func invalidListsAreErrors(list: String, says: String) throws { #expect(message(list).contains(says)) }

  @Test func imagesThatCannotBeSplitAreEvaluated() throws {
    let cases: [(list: String, labels: [UInt8], note: String?)] = [
      ("images/1.png,a\nimages/2.png,b", [0, 1], "the images cannot be split; all 2 images are evaluated"),
      ("images/1.png,a,test\nimages/2.png,b,test", [0, 1], nil),
      ("images/1.png,a\nimages/2.png,a", [0, 0], "the only class is a; all 2 images are evaluated"),
      ("images/1.png,1\nimages/2.png,1", [1, 1], "the only class is 1; all 2 images are evaluated"),
    ]
    for (list, labels, note) in cases {
      #expect(message(list) != "accepted")
      let dataset = try load(list) { $0.isForEvaluation = true }
      #expect(dataset.train.count == 0 && dataset.test.pixels == [1, 2] && dataset.test.labels == labels, "\(list)")
      #expect(!dataset.details.isSplit && dataset.notes.first == note.map { "there is no test set, and \($0)" })
    }
  }

  @Test func trainingImagesOfOneClassAreOnlyEvaluated() throws {
    for list in ["images/1.png,1,train\nimages/2.png,1,test", "images/1.png,1,train\nimages/2.png,0,test"] {
      #expect(
        message(list).hasSuffix(
          "list.csv: has training images of only one class (1); add training images of another class"))
      let dataset = try load(list) { $0.isForEvaluation = true }
      #expect(dataset.train.pixels == [1] && dataset.test.pixels == [2] && dataset.classNames == ["0", "1"])
    }
  }

  /// An evaluation needs no training images, so that damaged ones are no error.
  @Test func damagedTrainingImagesStopOnlyATraining() throws {
    let list = "images/1.png,a,train\nimages/none.png,b,train\nimages/3.png,a,test\nimages/4.png,b,test"
    let says = "list.csv: holds no undamaged training image of the class b"
    #expect(message(list) { $0.skipsDamaged = true }.hasSuffix(says))
    let dataset = try load(list) { ($0.skipsDamaged, $0.isForEvaluation) = (true, true) }
    #expect(dataset.train.pixels == [1] && dataset.test.pixels == [3, 4] && dataset.damaged.count == 1)
  }

  /// A list in memory names the images to evaluate, whatever their parts.
  @Test func listInMemoryIsEvaluatedAsAWhole() throws {
    let lines = ["1.png,a,train", "2.png,a,val", "none.png,b,train", "3.png,b,test"]
    let text = Array(lines.map { "\(folder.path)/images/\($0)\n" }.joined().utf8)
    var options = DatasetOptions()
    (options.isForEvaluation, options.skipsDamaged) = (true, true)
    let dataset = try Dataset.load(list: text, named: "here", options: options)
    #expect(dataset.train.count == 0 && dataset.test.pixels == [1, 2, 3] && dataset.test.labels == [0, 0, 1])
    #expect(!dataset.details.isSplit && dataset.notes.count == 1)
  }

  /// A list in memory leaves no file; its paths are relative to the current folder.
  @Test func listInMemoryIsRead() throws {
    let lines = [("2", "cat"), ("1", "dog"), ("3", "cat"), ("4", "dog")].map {
      "\(folder.path)/images/\($0).png,\($1)\n"
    }
    let dataset = try Dataset.load(list: Array(lines.joined().utf8), named: "here", options: DatasetOptions())
    #expect(dataset.train.count + dataset.test.count == 4 && dataset.name == "here" && dataset.details.isSplit)
    #expect(dataset.details.reader == "lists of images" && dataset.conversion != nil)
    for (text, says) in [
      ("", "here: is empty"), ("x.png\n", "has no column with labels"), ("a,b\n", "no column with paths"),
    ] {
      #expect {
        try Dataset.load(list: Array(text.utf8), named: "here", options: DatasetOptions())
      } throws: { "\($0)".contains(says) }
    }
  }

  @Test func mutatedListsNeverCrash() throws {
    let original = Array("path,label,split\n\"images/1.png\",a,train\nimages/2.png;\"b \"\"c\",x,test\n".utf8)
    var random = RandomSequence(seed: 12, .test)
    for _ in 0..<1000 {
      let path = try folder.write(mutated(original, &random), "list.csv")
      guard let dataset = try? Dataset.load(directory: path) else { continue }
      #expect(dataset.train.count + dataset.test.count <= 3)
    }
  }
}
