import Datasets
import Testing

@Suite struct DatasetClassesTests {
  private func dataset(_ names: [String]) -> Dataset {
    let shape = ImageShape(height: 1, width: 1, channels: 1)
    let labels = names.indices.map { UInt8($0) }
    let images = LabeledImages(shape: shape, pixels: labels, labels: labels)
    return Dataset(name: "d", classNames: names, train: images, test: images)
  }

  @Test func labelsFollowClassNames() throws {
    let matched = try dataset(["owl", "cat", "hen"]).matchingClasses(["cat", "hen", "owl"], of: "the model")
    #expect(matched.classNames == ["cat", "hen", "owl"])
    #expect(matched.train.labels == [2, 0, 1] && matched.test.labels == [2, 0, 1] && matched.notes.count == 1)
    #expect(matched.train.pixels == [0, 1, 2])
  }

  @Test func equalNamesChangeNothing() throws {
    let matched = try dataset(["caf\u{e9}", "hen"]).matchingClasses(["cafe\u{301}", "hen"], of: "the model")
    #expect(matched.notes.isEmpty && matched.train.labels == [0, 1])
    #expect(try dataset(["0", "1"]).matchingClasses(["0", "1"], of: "the model").notes.isEmpty)
  }

  @Test func refusesDifferentNumberOfUnnamedClasses() {
    for names in [["0", "1", "2"], ["cat", "hen", "owl"]] {
      #expect(throws: DatasetError.self) { try dataset(["0", "1"]).matchingClasses(names, of: "the model") }
    }
    // Names that are numbers, but not 0, 1, ….
    #expect(throws: DatasetError.self) { try dataset(["1", "2"]).matchingClasses(["0", "1"], of: "the model") }
  }
}
