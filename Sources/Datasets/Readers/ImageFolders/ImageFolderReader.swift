internal import Text

/// Image folders as for PyTorch and Keras: `DIR/train/CLASS/*` and `DIR/test/CLASS/*`. The folders can have any names
/// of ``DatasetPart``, in upper or lower case; without a test set, the validation set is the test set.
struct ImageFolderReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "image folders"
  let summary =
    "each folder CLASS holds the images of one class, also in folders below it. Instead of test, the folder may be "
    + "named val, valid or validation."
  var files: [String] { ["train", "test"].map { "\($0)/CLASS/\(decoders.pattern)" } }

  /// Whether there are folders of parts; but a list beside them comes first if they hold no folders of classes.
  func recognizes(_ location: DatasetLocation) -> Bool {
    guard location.entries != nil else { return false }
    let tree = FolderTree(root: FileName(location.path))
    guard Self.recognizes(tree) else { return false }
    let (train, test) = Self.parts(of: tree)
    return (train + test).contains { tree.folders(in: $0).count > 1 }
      || !PathListReader(decoders: decoders).recognizes(location)
  }

  /// Whether the folder of the training images holds folders, or all folders are parts of a data set. (A class may have
  /// the name `train`.)
  static func recognizes(_ tree: any FileTree) -> Bool {
    let folders = tree.folders(in: nil)
    let (train, test) = parts(of: tree)
    return train.contains { !tree.folders(in: $0).isEmpty }
      || !folders.isEmpty && folders.count == train.count + test.count
        && (!train.isEmpty || test.contains { !tree.folders(in: $0).isEmpty })
  }

  /// Returns the folders of training images, and those of test images, of which the first one is used.
  static func parts(of tree: any FileTree) -> (train: [FileName], test: [FileName]) {
    let folders = tree.folders(in: nil)
    func named(_ part: DatasetPart) -> [FileName] {
      folders.filter { DatasetPart(folder: $0) == part }
    }
    return (named(.train), named(.test) + named(.validation))
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    try read(FolderTree(root: FileName(location.path)), name: location.name, options)
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? { [FileName(location.path)] }

  /// Reads the folders of a tree.
  /// - Parameter name: of the data set
  func read(_ tree: any FileTree, name: String, _ options: DatasetOptions) throws(DatasetError) -> Dataset {
    var folder = ImageFolder(tree, decoders)
    let parts = Self.parts(of: tree)
    guard parts.train.count <= 1 else {
      throw .inconsistent(
        path: tree.root.shown,
        reason: "holds several folders of training images: \(parts.train.map(\.shown).listed(atMost: 3)); move the "
          + "content of all to one of them")
    }
    // Images that are only evaluated need no training images beside them.
    let isTestSet = parts.train.isEmpty && options.isForEvaluation
    let test = parts.test.first ?? FileName("test")
    let train = isTestSet ? test : parts.train.first ?? FileName("train")
    let trainPath = (tree.root / train).shown
    let classes = try folder.classesWithImages(in: train)
    guard !classes.isEmpty else {
      throw .damaged(
        path: trainPath,
        reason: "holds no class folders with images; " + (listAdvice(trainPath) ?? Self.expected))
    }
    let names = classes.map(\.name)
    try DatasetLimits.checkNames(names, trainPath)
    let testClasses = isTestSet ? classes : try folder.classesWithImages(in: test)
    var testFiles = [[FileName]](repeating: [], count: names.count)
    for found in testClasses {
      // A class may be missing in the test set, but not in the training set.
      guard let label = names.firstIndex(of: found.name) else {
        throw .inconsistent(
          path: (tree.root / found.folder).shown, reason: "is a class of which \(trainPath) has no images")
      }
      testFiles[label] = found.files
    }
    guard !testClasses.isEmpty else {
      let hasImages = (tree.entries(of: test) ?? []).contains { $0.hasEnding(decoders.endings) }
      throw .damaged(
        path: (tree.root / test).shown,
        reason: hasImages
          ? "holds images, but no class folders; \(Self.expected); to use a part of the training images as the test "
            + "set, use the folder \(trainPath) alone as the data" : "holds no images")
    }
    try folder.skipAll(besides: parts.train + parts.test)
    if parts.test.count > 1 {
      let unused = parts.test.dropFirst().map(\.shown).joined(separator: " and ")
      folder.notes.append("the images of \(unused) are not used: the test images are those of \(test.shown)")
    }
    return try folder.dataset(
      name, names, train: isTestSet ? [] : classes.map(\.files), test: testFiles, options)
  }

  private static let expected = "expected one folder of images for each class"

  /// What to do if a part has a list of its images, as those of Hugging Face; nil if it has none.
  private func listAdvice(_ partPath: String) -> String? {
    guard let location = try? DatasetLocation(partPath),
      let list = PathListReader(decoders: decoders).lists(at: location).first
    else { return nil }
    return "use its list of images as the data: --data \(list.shown)"
  }
}
