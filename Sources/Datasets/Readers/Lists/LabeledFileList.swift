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

  /// Where the entries are, for errors.
  enum Origin {
    /// Lines of lists, which name images.
    case lists
    /// Samples in archives, which hold images.
    case archives

    var verb: String {
      switch self {
      case .lists: "names"
      case .archives: "holds"
      }
    }

    /// What is expected beside test images.
    var trainingImages: String {
      switch self {
      case .lists: "lines of the split train too, a list with train in its name, or lines without a split"
      case .archives: "an archive with train in its name too, or names without test and val"
      }
    }
  }

  let entries: [Entry]
  let origin: Origin
  /// The place for errors.
  let path: String

  /// Reads the images.
  ///
  /// The test set is the part `test`, or else `validation`. Without both, some images of each class are test images,
  /// chosen by their names (``Split/Outcome``). Entries without a part are training images.
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
    let (isTest, isSplit): ([Bool], Bool)
    if let testPart {
      (isTest, isSplit) = (entries.map { $0.part == testPart }, false)
    } else {
      let outcome = try Split.outcome(
        labels: labels, classNames, options, path, verb: origin.verb, chosenBy: "the names of the files"
      ) { entries[$0].name.key }
      (isTest, isSplit) = (outcome.isTest, outcome.isSplit)
      notes.append(outcome.note)
    }
    let isUnused = entries.map { testPart == .test && $0.part == .validation }
    let unused = isUnused.count { $0 }
    if unused > 0 {
      notes.append("\(counted(unused, "image")) of the validation set \(unused == 1 ? "is" : "are") not used")
    }
    let train = files.indices.filter { !isTest[$0] && !isUnused[$0] }.map { files[$0] }
    guard !train.isEmpty || options.isForEvaluation else {
      throw .damaged(path: path, reason: "\(origin.verb) test images only; expected \(origin.trainingImages)")
    }
    var dataset = try images.dataset(
      name, classNames, [train, files.indices.filter { isTest[$0] }.map { files[$0] }], options, decoders, notes: notes)
    dataset.details.isSplit = isSplit
    return dataset
  }
}
