internal import Text

extension Split {
  /// Checks that a data set without a test set has been split.
  /// - Parameters:
  ///   - testCount: the number of images that became test images
  ///   - path: the place for errors
  /// - Returns: false if the data set cannot be split, and all its images are test images (``allAreTestImages(_:)``)
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if it cannot be split, but has to train a model
  static func isPossible(
    testCount: Int, _ options: DatasetOptions, _ path: String
  ) throws(DatasetError) -> Bool {
    guard testCount == 0, !options.isForEvaluation else { return testCount > 0 }
    throw .damaged(
      path: path,
      reason:
        "holds one image of each class and no test set, so that it cannot be split into training and test images; "
        + "add images, or a test set")
  }

  /// The note about a data set that is a test set.
  static func allAreTestImages(_ count: Int) -> String {
    let images = count == 1 ? "the only image is" : "all \(count) images are"
    return "there is no test set, and the images cannot be split; \(images) evaluated"
  }

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
    guard try isPossible(testCount: testIndices.count, options, path) else {
      return Dataset(
        name: name, classNames: classNames, train: images.prefix(0), test: images,
        notes: [allAreTestImages(images.count)])
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
