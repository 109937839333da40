/// Image folders as for PyTorch and Keras: `DIR/train/CLASS/*` and `DIR/test/CLASS/*`. The test set may also be called
/// `val`, `valid` or `validation`.
struct ImageFolderReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "image folders"
  let summary =
    "each folder CLASS holds the images of one class, also in folders below it. Instead of test, the folder may be "
    + "named val, valid or validation."
  var files: [String] { ["train", "test"].map { "\($0)/CLASS/\(decoders.pattern)" } }

  /// The names of the folder of test images. If there are several, the first one is used.
  private static let testNames = ["test", "val", "valid", "validation"]

  func recognizes(_ location: DatasetLocation) -> Bool { location.hasFolder("train") }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    try read(FolderTree(root: FileName(location.path)), name: location.name, options)
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? { [FileName(location.path)] }

  /// Returns the name of the folder of test images, if there is one.
  static func testName(in tree: any FileTree) -> String? { testNames.first(where: tree.hasFolder) }

  /// Reads the folders of a tree.
  /// - Parameter name: of the data set
  func read(_ tree: any FileTree, name: String, _ options: DatasetOptions) throws(DatasetError) -> Dataset {
    var folder = ImageFolder(tree, decoders)
    let found = Self.testNames.filter(tree.hasFolder)
    let (train, test) = (FileName("train"), FileName(found.first ?? "test"))
    let trainPath = (tree.root / train).shown
    let classes = try folder.classes(in: train)
    guard !classes.isEmpty else { throw .damaged(path: trainPath, reason: "holds no class folders") }
    let names = classes.map(\.name)
    try DatasetLimits.checkNames(names, trainPath)
    let testClasses = try folder.classes(in: test)
    for found in testClasses where !names.contains(found.name) {
      throw .inconsistent(
        path: "\((tree.root / test).shown)/\(found.name)", reason: "is a class that \(trainPath) does not have")
    }
    // A class may be missing in the test set, but not in the training set.
    let trainFiles = try folder.files(of: classes)
    if let label = trainFiles.firstIndex(where: \.isEmpty) {
      throw .damaged(path: (tree.root / classes[label].folder).shown, reason: "holds no images")
    }
    let testFiles = try folder.files(of: testClasses)
    var labeledTestFiles = [[FileName]](repeating: [], count: names.count)
    for (found, files) in zip(testClasses, testFiles) { labeledTestFiles[names.firstIndex(of: found.name)!] = files }
    guard testFiles.contains(where: { !$0.isEmpty }) else {
      throw .damaged(path: (tree.root / test).shown, reason: "holds no images")
    }
    if found.count > 1 {
      let unused = found.dropFirst().joined(separator: " and ")
      folder.notes.append("the images of \(unused) are not used: the test images are those of \(test.shown)")
    }
    return try folder.dataset(name, names, train: trainFiles, test: labeledTestFiles, options)
  }
}
