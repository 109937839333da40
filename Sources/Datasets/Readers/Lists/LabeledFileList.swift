internal import Text

/// Image files with the names of their classes: the lines of a list, or the samples of a WebDataset. The images keep
/// the order of the files.
struct LabeledFileList {
  struct Entry {
    /// Relative to the root of the image files.
    let name: FileName
    /// The number or the name of the class.
    let label: String
    /// nil: not stated.
    let part: DatasetPart?
  }

  let entries: [Entry]
  /// The place for errors.
  let path: String

  /// Reads the images.
  ///
  /// The test set is the part `test`, or else `validation`. Without both, some images of each class are test images,
  /// chosen by their names (``Split/isTest(_:fraction:seed:)``). Entries without a part are training images.
  /// - Parameters:
  ///   - name: of the data set
  ///   - notes: about the files
  func dataset(
    _ name: String, _ images: any ImageFiles, _ options: DatasetOptions, _ decoders: [any ImageDecoder],
    notes: [String]
  ) throws(DatasetError) -> Dataset {
    try DatasetLimits.checkCount(entries.count, of: "images", path)
    let classNames = PixelTable.classNames(Set(entries.map(\.label)).sorted())
    try DatasetLimits.checkNames(classNames, path)
    let areNumbers = classNames == classNames.indices.map(String.init)
    let places = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($0.element, UInt8($0.offset)) })
    let labels = entries.map { areNumbers ? UInt8($0.label)! : places[$0.label]! }
    let files = zip(entries, labels).map { LabeledFile(name: $0.name, label: $1) }
    var notes = notes
    let testPart = [DatasetPart.test, .validation].first { part in entries.contains { $0.part == part } }
    var isTest: [Bool]
    var isSplit = false
    if let testPart {
      isTest = entries.map { $0.part == testPart }
    } else {
      isTest = split(labels, classNames.count, options)
      let count = isTest.count { $0 }
      isSplit = try Split.isPossible(testCount: count, options, path)
      if isSplit {
        notes.append(
          "there is no test set; \(counted(count, "image")) of \(entries.count), chosen by the names of the files and "
            + "the seed \(options.seed), \(count == 1 ? "is" : "are") the test set")
      } else {
        isTest = entries.map { _ in true }
        notes.append(Split.allAreTestImages(entries.count))
      }
    }
    let isUnused = entries.map { testPart == .test && $0.part == .validation }
    let unused = isUnused.count { $0 }
    if unused > 0 {
      notes.append("\(counted(unused, "image")) of the validation set \(unused == 1 ? "is" : "are") not used")
    }
    let train = files.indices.filter { !isTest[$0] && !isUnused[$0] }.map { files[$0] }
    guard !train.isEmpty || options.isForEvaluation else {
      throw .damaged(
        path: path, reason: "names test images only; expected lines of the split train too, or lines without a split")
    }
    var dataset = try images.dataset(
      name, classNames, [train, files.indices.filter { isTest[$0] }.map { files[$0] }], options, decoders, notes: notes)
    dataset.details.isSplit = isSplit
    return dataset
  }

  private func split(_ labels: [UInt8], _ classCount: Int, _ options: DatasetOptions) -> [Bool] {
    var isTest = [Bool](repeating: false, count: entries.count)
    var members = [[Int]](repeating: [], count: classCount)
    for (index, label) in labels.enumerated() { members[Int(label)].append(index) }
    for indices in members {
      let chosen = Split.isTest(
        indices.map { entries[$0].name.key }, fraction: options.testFraction, seed: options.seed)
      for (index, isChosen) in zip(indices, chosen) { isTest[index] = isChosen }
    }
    return isTest
  }
}
