extension Split {
  /// Returns the data set of images without a test set, of which the numbers determine the test images; see
  /// ``outcome(labels:_:_:_:verb:anotherClass:chosenBy:key:)``.
  /// - Parameters:
  ///   - name, classNames: of the data set
  ///   - path: the place for errors
  static func dataset(
    _ name: String, _ classNames: [String], _ images: LabeledImages, _ options: DatasetOptions, _ path: String
  ) throws(DatasetError) -> Dataset {
    let outcome = try outcome(labels: images.labels, classNames, options, path, chosenBy: "their numbers") {
      Array("\($0)".utf8)
    }
    let indices = outcome.isTest.indices
    var dataset = Dataset(
      name: name, classNames: classNames, train: images.selecting(indices.filter { !outcome.isTest[$0] }),
      test: images.selecting(indices.filter { outcome.isTest[$0] }), notes: [outcome.note])
    dataset.details.isSplit = outcome.isSplit
    return dataset
  }
}
