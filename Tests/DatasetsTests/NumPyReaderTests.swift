import CZlib
import Compute
import Datasets
import Foundation
import Testing

@Suite struct NumPyReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func message(_ path: String? = nil) -> String {
    do {
      _ = try Dataset.load(directory: path ?? folder.path)
      return "accepted"
    } catch { return "\(error)" }
  }

  private func array(_ type: String, _ shape: [Int], _ bytes: [UInt8], order: String = "False") -> [UInt8] {
    let sizes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(sizes)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + bytes
  }

  /// Writes the four arrays. The test images are the training images.
  private func write(_ images: [UInt8], labels: [UInt8]) throws {
    for part in ["train", "test"] {
      _ = try folder.write(images, "x_\(part).npy")
      _ = try folder.write(labels, "Y_\(part).npy")
    }
  }

  private let labels: [UInt8] = [2, 0, 1]

  private func load() throws -> Dataset { try Dataset.load(directory: folder.path) }

  private func loadForEvaluation() throws -> Dataset {
    var options = DatasetOptions()
    options.isForEvaluation = true
    return try Dataset.load(directory: folder.path, options: options)
  }

  /// Files of NumPy itself: stored and compressed.
  @Test(arguments: ["medmnist", "keras"]) func readsArchiveOfNumPy(name: String) throws {
    let dataset = try Dataset.load(directory: Fixture.path("\(name).npz"))
    #expect(dataset.shape == ImageShape(height: 4, width: 5, channels: 3) && dataset.classNames == ["0", "1", "2"])
    #expect(try dataset.train.pixels == Fixture.image("medmnist.png").pixels)
    #expect(dataset.train.labels == [0, 1, 2, 0, 1, 2] && dataset.test.labels == [0, 2])
    #expect(dataset.notes == (name == "keras" ? [] : ["these arrays are not used: val_images"]))
  }

  @Test func objectsAreNeverRead() throws {
    #expect(
      try message(Fixture.path("objects.npz")).contains("objects.npz/x.npy: holds Python objects, which are never"))
  }

  @Test(arguments: ["|u1", "|i1", "<u2", ">i2", "<i4", ">u4", "<i8", ">u8", "<f2", ">f4", "<f8"])
  func readsNumbersOfEveryType(type: String) throws {
    func encoded(_ numbers: [UInt8]) -> [UInt8] {
      numbers.flatMap { number -> [UInt8] in
        let width = Int(String(type.last!))!
        let bits: UInt64 =
          switch type.dropFirst() {
          case "f2": UInt64(Float16(number).bitPattern)
          case "f4": UInt64(Float(number).bitPattern)
          case "f8": Double(number).bitPattern
          default: UInt64(number)
          }
        let bytes = (0..<width).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        return type.first == ">" ? bytes.reversed() : bytes
      }
    }
    let largest: UInt8 = type == "|i1" ? 127 : 255
    let pixels: [UInt8] = (0..<12).map { $0 * 7 % largest } + [0, 1, 2, largest, 9, 100]
    try write(array(type, [3, 3, 2], encoded(pixels)), labels: array(type, [3], encoded(labels)))
    let dataset = try load()
    #expect(dataset.shape == ImageShape(height: 3, width: 2, channels: 1))
    #expect(dataset.train.pixels == pixels && dataset.train.labels == labels && dataset.notes.isEmpty)
  }

  @Test func fractionsBecomeBytes() throws {
    let fractions: [Double] = [0, 0.25, 0.5, 1, 0.001, 0.002, 0.1, 0.9, 0.999, 0.7, 0.3, 0]
    let bytes = fractions.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } }
    try write(array("<f8", [3, 2, 2], bytes), labels: array("|u1", [3], labels))
    #expect(try load().train.pixels == fractions.map { UInt8(($0 * 255).rounded()) })
    #expect(try load().notes == ["the pixels are numbers from 0 to 1, and were multiplied by 255"])
    try write(array("|b1", [3, 1, 2], [0, 1, 1, 0, 0, 1]), labels: array("|u1", [3], labels))
    #expect(try load().train.pixels == [0, 255, 255, 0, 0, 255])
    // Whole numbers are not fractions.
    try write(array("|u1", [3, 1, 2], [0, 1, 1, 0, 0, 1]), labels: array("|u1", [3], labels))
    #expect(try load().train.pixels == [0, 1, 1, 0, 0, 1])
  }

  /// Image i has the pixel 16 i + 4 y + x (+ 100 c).
  @Test func everyLayoutIsRead() throws {
    func pixel(_ image: Int, _ y: Int, _ x: Int, _ channel: Int) -> UInt8 {
      UInt8(16 * image + 4 * y + x + 60 * channel)
    }
    func elements(_ sizes: [Int], reversed: Bool, _ element: ([Int]) -> UInt8) -> [UInt8] {
      var indices = [[Int]()]
      for size in reversed ? sizes.reversed() : sizes {
        indices = indices.flatMap { index in (0..<size).map { index + [$0] } }
      }
      return indices.map { element(reversed ? $0.reversed() : $0) }
    }
    for channels in [1, 3] {
      let expected = elements([3, 2, 4, channels], reversed: false) { pixel($0[0], $0[1], $0[2], $0[3]) }
      for reversed in [false, true] {
        let order = reversed ? "True" : "False"
        let last = elements([3, 2, 4, channels], reversed: reversed) { pixel($0[0], $0[1], $0[2], $0[3]) }
        let first = elements([3, channels, 2, 4], reversed: reversed) { pixel($0[0], $0[2], $0[3], $0[1]) }
        for (shape, bytes) in [([3, 2, 4, channels], last), ([3, channels, 2, 4], first)] {
          try write(array("|u1", shape, bytes, order: order), labels: array("|u1", [3, 1], labels))
          #expect(try load().train.pixels == expected, "\(shape) \(order)")
        }
        let gray = elements([3, 2, 4], reversed: reversed) { pixel($0[0], $0[1], $0[2], 0) }
        try write(array("|u1", [3, 2, 4], gray, order: order), labels: array("|u1", [3], labels))
        #expect(try load().train.pixels == elements([3, 2, 4], reversed: false) { pixel($0[0], $0[1], $0[2], 0) })
        let flat = elements([3, 4], reversed: reversed) { UInt8($0[0] * 4 + $0[1]) }
        try write(array("|u1", [3, 4], flat, order: order), labels: array("|u1", [3], labels))
        #expect(try load().train.pixels == Array(0..<12) && load().shape.size == ImageSize(height: 2, width: 2))
      }
    }
  }

  @Test func namesOfArraysCanBeGiven() throws {
    let pixels = randomBytes(24, key: 1)
    for (name, count) in [("Pixels", 4), ("more", 2)] {
      _ = try folder.write(array("|u1", [count, 3, 2], Array(pixels.prefix(6 * count))), "\(name).npy")
      _ = try folder.write(array("|u1", [count], Array([1, 0, 1, 0].prefix(count))), "\(name)-y.npy")
    }
    func load(_ names: ArrayNames?) throws -> Dataset {
      var options = DatasetOptions()
      options.arrays = names
      return try Dataset.load(directory: folder.path, options: options)
    }
    let both = try load(ArrayNames(parsing: "labels=pixels-y,images=Pixels,test-images=more,test-labels=more-y"))
    #expect(
      both.train.pixels == pixels && both.test.pixels == Array(pixels.prefix(12)) && both.train.labels == [1, 0, 1, 0])
    let one = try load(ArrayNames(images: "Pixels", labels: "Pixels-y"))
    #expect(one.train.count + one.test.count == 4)
    #expect(one.notes.contains("these arrays are not used: more, more-y"))
    #expect { try load(nil) } throws: { "\($0)".contains("for other names use --arrays images=NAME,labels=NAME") }
    #expect { try load(ArrayNames(images: "a", labels: "b")) } throws: {
      "\($0)".contains("holds the arrays more, more-y, pixels, pixels-y; expected a and b")
    }
  }

  @Test func textOfArrayNamesRoundTrips() throws {
    for text in ["images=X,labels=y", "images=X,labels=y,test-images=Xt,test-labels=yt"] {
      #expect(try ArrayNames(parsing: text).description == text)
    }
    for text in [
      "", "X,y", "images=X", "images=X,labels=", "images=X,labels=y,test-images=Z", "images=X,images=X,labels=y", "x=y",
    ] {
      #expect(throws: ArrayNamesError.self) { try ArrayNames(parsing: text) }
    }
  }

  @Test func singleSetIsSplit() throws {
    _ = try folder.write(array("|u1", [60, 1, 1], Array(0..<60)), "images.npy")
    _ = try folder.write(array("|u1", [60], (0..<60).map { $0 % 2 }), "labels.npy")
    let dataset = try load()
    #expect((dataset.train.pixels + dataset.test.pixels).sorted() == Array(0..<60))
    #expect(zip(dataset.test.pixels, dataset.test.labels).allSatisfy { $0 % 2 == $1 } && dataset.test.count > 3)
  }

  /// Class 2 of three is the only one with images.
  @Test func setOfOneClassIsOnlyEvaluated() throws {
    _ = try folder.write(array("|u1", [3, 1, 1], [4, 5, 6]), "images.npy")
    _ = try folder.write(array("|u1", [3], [2, 2, 2]), "labels.npy")
    #expect(message().contains("holds images of only one class (2) and no test set; add images of another class"))
    let dataset = try loadForEvaluation()
    #expect(dataset.train.count == 0 && dataset.test.pixels == [4, 5, 6] && dataset.test.labels == [2, 2, 2])
    #expect(dataset.classCount == 3 && !dataset.details.isSplit)
  }

  /// An evaluation needs no training images; a training says which arrays are missing.
  @Test func testSetAloneIsEvaluated() throws {
    for names in [
      ["x_train", "y_train", "x_test", "y_test"], ["Train_Images", "train_labels", "test_images", "test_labels"],
    ] {
      let other = try NumPyReaderTests()
      _ = try other.folder.write(array("|u1", [3, 1, 2], [1, 2, 3, 4, 5, 6]), "\(names[2]).npy")
      _ = try other.folder.write(array("|u1", [3], labels), "\(names[3]).npy")
      let expected = names.map { $0.lowercased() }
      #expect(
        other.message().hasSuffix(
          "holds test images only (\(expected[2]) and \(expected[3])); expected \(expected[0]) and \(expected[1]) too"))
      let dataset = try other.loadForEvaluation()
      #expect(dataset.train.count == 0 && dataset.test.pixels == [1, 2, 3, 4, 5, 6] && dataset.test.labels == labels)
      // Half of the training set is an error for both.
      _ = try other.folder.write(array("|u1", [3], labels), "\(names[1]).npy")
      #expect(other.message().contains("expected x_train, y_train, x_test and y_test; "))
      #expect(throws: DatasetError.self) { try other.loadForEvaluation() }
    }
  }

  @Test func trainingSetAloneIsRefusedWithAdvice() throws {
    try write(array("|u1", [60, 1, 1], Array(0..<60)), labels: array("|u1", [60], (0..<60).map { $0 % 2 }))
    for name in ["x_test", "Y_test"] { try FileManager.default.removeItem(atPath: "\(folder.path)/\(name).npy") }
    let advice = "holds training images only (x_train and y_train); expected x_test and y_test too, or --arrays "
    #expect(message().hasSuffix(advice + "images=x_train,labels=y_train to use a part of them as the test set"))
    #expect(throws: DatasetError.self) { try loadForEvaluation() }
    var options = DatasetOptions()
    options.arrays = try ArrayNames(parsing: "images=x_train,labels=y_train")
    #expect(try Dataset.load(directory: folder.path, options: options).details.isSplit)
  }

  @Test func refusesInvalidArrays() throws {
    let good = array("|u1", [3, 1, 2], [1, 2, 3, 4, 5, 6])
    let goodLabels = array("|u1", [3], labels)
    let cases: [(images: [UInt8], labels: [UInt8], says: String)] = [
      (good, goodLabels, "accepted"), ([1, 2, 3], goodLabels, "ends too early"),
      (goodLabels, goodLabels, "has 1 dimension;"),
      (Array(good.dropLast()), goodLabels, "ends too early: 6 elements"),
      ([0x92] + good.dropFirst(), goodLabels, "is not a NumPy array"),
      (array("|O", [3, 1, 2], good), goodLabels, "holds Python objects"),
      (array("<c8", [3, 1, 2], good), goodLabels, "has elements of the type <c8; expected numbers"),
      (array("|S1", [3, 1, 2], good), goodLabels, "expected numbers"),
      (array("|u1", [3, 1, 2], good, order: "Maybe"), goodLabels, "has an invalid header"),
      (array("|u1", [3, -1, 2], good), goodLabels, "has an invalid header"),
      (array("|u1", [99_999_999_999, 1, 2], good), goodLabels, "has an invalid header"),
      (array("|u1", [4_000_000_000, 4_000_000_000, 4_000_000_000, 3], good), goodLabels, "has an invalid header"),
      (array("|u1", [1 << 28, 200, 200], []), goodLabels, "memory allows"),
      (array("|u1", [3, 500, 500], []), goodLabels, "ends too early"),
      (array("|u1", [1 << 29, 1, 1], []), goodLabels, "the maximum is"),
      (array("|u1", [0, 1, 2], []), goodLabels, "no images"),
      (array("|u1", [0, 4_000_000_000, 4_000_000_000], []), goodLabels, "has an invalid header"),
      (array("|u1", [1, 513, 1], good), goodLabels, "513x1"),
      (array("|u1", [1, 2, 2, 2], good), goodLabels, "2 channels"),
      (array("|u1", [3, 2], good), goodLabels, "has rows of 2 numbers"),
      (array("<u2", [3, 1, 1], [0, 1, 0, 0, 0, 0]), goodLabels, "holds pixels from 0.0 to 256.0"),
      (array("|i1", [3, 1, 1], [1, 255, 0]), goodLabels, "holds pixels from -1.0 to 1.0"),
      (array("<f2", [3, 1, 1], [0, 0x7e, 0, 0, 0, 0]), goodLabels, "an element that is not finite"),
      (array("<f2", [3, 1, 1], [0, 0x42, 0, 0x3e, 0, 0]), goodLabels, "holds pixels from 0.0 to 3.0"),
      (good, array("|u1", [2], [0, 1]), "holds 2 labels, but"),
      (good, array("|u1", [3, 2], good), "one label for each"),
      (good, array("|i1", [3], [0, 255, 1]), "element 1 is -1.0; expected 0 to 255"),
      (good, array("<f2", [3], [0, 0x38, 0, 0, 0, 0]), "labels that are not whole"),
    ]
    for (images, labels, says) in cases {
      try write(images, labels: labels)
      #expect(message().contains(says), "\(says): \(message())")
    }
    _ = try folder.write(good, "X_train.npy")
    #expect(message().contains("holds two arrays with the name x_train"))
    try FileManager.default.removeItem(atPath: folder.path + "/x_train.npy")
    try FileManager.default.removeItem(atPath: folder.path + "/X_train.npy")
    #expect(message().contains("holds the arrays x_test, y_test, y_train; expected x_train, y_train"))
  }

  @Test func refusesInvalidArchives() throws {
    let file = try Fixture.bytes("keras.npz")
    let end = file.count - 22
    func changed(_ places: Range<Int>, _ bytes: [UInt8]) -> [UInt8] {
      var changed = file
      changed.replaceSubrange(places, with: bytes)
      return changed
    }
    let first = try #require(file.indices.first { file[$0...].starts(with: [0x50, 0x4b, 1, 2]) })
    let cases: [(file: [UInt8], says: String)] = [
      (Array(file.dropLast()), "does not end with a directory"), (Array(file.prefix(100)), "does not end with"),
      (changed(end + 10..<end + 12, [255, 254]), "its directory"),
      (changed(end + 12..<end + 16, [255, 255, 255, 1]), "its directory"),
      (changed(end + 10..<end + 12, [255, 255]), "does not end with"),
      (changed(end + 16..<end + 20, [0, 0, 0, 0]), "its directory"),
      (changed(first + 8..<first + 9, [1]), "is encrypted"), (changed(first + 10..<first + 11, [12]), "another method"),
      (changed(first + 16..<first + 17, [file[first + 16] ^ 1]), "a wrong checksum"),
      (changed(first + 24..<first + 28, [0, 0, 0, 100]), "has an invalid size"),
      (changed(first + 20..<first + 24, [255, 255, 255, 10]), "is beyond its end"),
      (changed(first + 42..<first + 46, [1, 0, 0, 0]), "has no header"),
      (changed(first + 42..<first + 46, [255, 255, 0, 0]), "beyond"),
    ]
    for (bytes, says) in cases {
      let path = try folder.write(bytes, "some.npz")
      #expect(message(path).contains(says), "\(says): \(message(path))")
    }
  }

  @Test(arguments: ["keras", "medmnist", "objects"]) func mutatedArchivesNeverCrash(name: String) throws {
    let original = try Fixture.bytes("\(name).npz")
    var random = RandomSequence(seed: 15, .test)
    for _ in 0..<1500 {
      let path = try folder.write(mutated(original, &random), "some.npz")
      guard let dataset = try? Dataset.load(directory: path) else { continue }
      #expect(dataset.train.count > 0)
    }
  }
}
