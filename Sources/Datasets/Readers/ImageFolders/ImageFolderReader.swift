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
    var folder = ImageFolder(location.path, decoders)
    let found = Self.testNames.filter(location.hasFolder)
    let trainPath = location.path + "/train"
    let test = FileName(found.first ?? "test")
    let classes = try folder.classes(in: FileName("train"))
    guard !classes.isEmpty else { throw .damaged(path: trainPath, reason: "holds no class folders") }
    let names = classes.map(\.name)
    try DatasetLimits.checkNames(names, trainPath)
    let testClasses = try folder.classes(in: test)
    for found in testClasses where !names.contains(found.name) {
      throw .inconsistent(
        path: "\(location.path)/\(test.shown)/\(found.name)", reason: "is a class that \(trainPath) does not have")
    }
    // A class may be missing in the test set, but not in the training set.
    let trainFiles = try folder.files(of: classes)
    if let label = trainFiles.firstIndex(where: \.isEmpty) {
      throw .damaged(path: (folder.path / classes[label].folder).shown, reason: "holds no images")
    }
    let testFiles = try folder.files(of: testClasses)
    var labeledTestFiles = [[FileName]](repeating: [], count: names.count)
    for (found, files) in zip(testClasses, testFiles) { labeledTestFiles[names.firstIndex(of: found.name)!] = files }
    guard testFiles.contains(where: { !$0.isEmpty }) else {
      throw .damaged(path: (folder.path / test).shown, reason: "holds no images")
    }
    if found.count > 1 {
      let unused = found.dropFirst().joined(separator: " and ")
      folder.notes.append("the images of \(unused) are not used: the test images are those of \(test.shown)")
    }
    return try folder.dataset(location.name, names, train: trainFiles, test: labeledTestFiles, options)
  }
}
