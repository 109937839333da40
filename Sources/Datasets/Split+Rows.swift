internal import Text

extension Split {
  /// Why a data set without a test set cannot be split.
  static let tooFewImages = """
    holds one image of each class; expected at least two of some class, since one becomes a test image
    """

  /// Splits images without a test set, by ``isTest(_:fraction:seed:)`` with the number of an image as its name.
  /// - Parameters:
  ///   - name, classNames: of the data set
  ///   - path: the place for errors
  static func dataset(
    _ name: String, _ classNames: [String], _ images: LabeledImages, _ options: DatasetOptions, _ path: String
  ) throws(DatasetError) -> Dataset {
    var members = [[Int]](repeating: [], count: classNames.count)
    for (index, label) in images.labels.enumerated() { members[Int(label)].append(index) }
    var isTest = [Bool](repeating: false, count: images.count)
    for indices in members {
      let chosen = Split.isTest(
        indices.map { Array("\($0)".utf8) }, fraction: options.testFraction, seed: options.seed)
      for (index, chosen) in zip(indices, chosen) { isTest[index] = chosen }
    }
    let testIndices = isTest.indices.filter { isTest[$0] }
    guard !testIndices.isEmpty else {
      throw .damaged(path: path, reason: Self.tooFewImages)
    }
    let note =
      "there is no test set; \(counted(testIndices.count, "image")) of \(images.count), chosen by their numbers and "
      + "the seed \(options.seed), \(testIndices.count == 1 ? "is" : "are") the test set"
    var dataset = Dataset(
      name: name, classNames: classNames, train: images.selecting(isTest.indices.filter { !isTest[$0] }),
      test: images.selecting(testIndices), notes: [note])
    dataset.details.isSplit = true
    return dataset
  }
}
