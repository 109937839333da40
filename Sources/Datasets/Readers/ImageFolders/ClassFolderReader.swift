internal import Foundation
internal import Text

/// Image folders without a split: `DIR/CLASS/*`.
struct ClassFolderReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "class folders"
  let summary =
    "each folder CLASS holds the images of one class, also in folders below it. The names of the files determine which "
    + "of them are the test images."
  var files: [String] { ["CLASS/\(decoders.pattern)"] }

  /// Whether two folders have an image, also in folders below them; or one has an image or a folder with one, and there
  /// are no files beside it.
  func recognizes(_ location: DatasetLocation) -> Bool {
    guard location.entries != nil else { return false }
    let tree = FolderTree(root: FileName(location.path))
    let folders = tree.folders(in: nil)
    func hasClasses(_ least: Int, depth: Int) -> Bool {
      var count = 0
      return folders.contains { folder in
        if tree.hasFile(decoders.endings, below: folder, depth: depth) { count += 1 }
        return count == least
      }
    }
    let entries = (tree.entries(of: nil) ?? []).filter { !ImageFolder.isJunk($0) }
    return hasClasses(2, depth: .max) || folders.count == entries.count && hasClasses(1, depth: 1)
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    if let column = options.labelColumn, let list = PathListReader(decoders: decoders).lists(at: location).first {
      throw .inconsistent(
        path: location.path,
        reason: "holds class folders and a list of images; to use the column '\(column)' of the list, give the list "
          + "as the data set: --data \(list.shown)")
    }
    return try read(FolderTree(root: FileName(location.path)), name: location.name, options)
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? { [FileName(location.path)] }

  /// Reads the folders of a tree.
  /// - Parameter name: of the data set
  func read(_ tree: any FileTree, name: String, _ options: DatasetOptions) throws(DatasetError) -> Dataset {
    var folder = ImageFolder(tree, decoders)
    let path = tree.root.shown
    let classes = try folder.classesWithImages(in: nil)
    let (classNames, files) = (classes.map(\.name), classes.map(\.files))
    guard !classNames.isEmpty else {
      throw .damaged(path: path, reason: "holds no folders of images; expected one for each class, \(fileList)")
    }
    try DatasetLimits.checkNames(classNames, path)
    try checkHaveNoParts(classNames, files, path)
    // One class may have any name.
    if classNames.count > 1 { try checkAreNoParts(classNames, files, path) }
    let images = files.enumerated().flatMap { label, files in
      files.map { LabeledFile(name: $0, label: UInt8(label)) }
    }
    let outcome = try Split.outcome(
      labels: images.map(\.label), classNames, options, path, anotherClass: "a folder with images of another class",
      chosenBy: "the names of the files"
    ) { images[$0].name.key }
    folder.notes.append(outcome.note)
    func part(isTest: Bool) -> [[FileName]] {
      var part = [[FileName]](repeating: [], count: classNames.count)
      for (image, isTestImage) in zip(images, outcome.isTest) where isTestImage == isTest {
        part[Int(image.label)].append(image.name)
      }
      return part
    }
    var dataset = try folder.dataset(
      name, classNames, train: part(isTest: false), test: part(isTest: true), options)
    dataset.details.isSplit = outcome.isSplit
    return dataset
  }
}

extension ClassFolderReader {
  /// Checks that no class has folders of training and test images, which would be mixed.
  private func checkHaveNoParts(
    _ classNames: [String], _ files: [[FileName]], _ path: String
  ) throws(DatasetError) {
    for (name, files) in zip(classNames, files) {
      let paths = files.map { $0.bytes.split(separator: UInt8(ascii: "/"), maxSplits: 2) }
      let folders = Set(paths.filter { $0.count > 2 }.map { FileName(Array($0[1])) })
      func folder(_ part: DatasetPart) -> String? { folders.first { DatasetPart(folder: $0) == part }?.shown }
      guard let train = folder(.train), let test = folder(.test) ?? folder(.validation) else { continue }
      throw .inconsistent(
        path: path,
        reason: "has the parts \(train) and \(test) of the data set in the folder of the class \(name); move the class "
          + "folders into the parts, as in \(train)/\(name) and \(test)/\(name)")
    }
  }

  /// Checks that the folders are not parts of a data set (`my_train`, `my_test`), whose folders are the classes.
  private func checkAreNoParts(
    _ classNames: [String], _ files: [[FileName]], _ path: String
  ) throws(DatasetError) {
    let named = classNames.map { DatasetPart($0) }
    if named.contains(.train), !named.contains(nil) {
      throw .damaged(
        path: path,
        reason: "has images in the folders \(classNames.listed(atMost: 3)), but no folders of classes in them; "
          + "expected one folder of images for each class")
    }
    let parts = zip(classNames, files).map { name, files in
      // A class folder holds images.
      files.allSatisfy { $0.bytes.count { $0 == UInt8(ascii: "/") } > 1 } ? DatasetPart(namedIn: FileName(name)) : nil
    }
    guard let train = parts.firstIndex(of: .train),
      let test = parts.firstIndex(where: { $0 == .test || $0 == .validation })
    else { return }
    throw .inconsistent(
      path: path,
      reason:
        "has the folders \(classNames[train]) and \(classNames[test]), which seem to be parts of the data set and "
        + "not classes; rename them to train and test, with the class folders directly in them")
  }
}

extension FileName {
  /// The bytes that identify the file in a split: the name in Unicode's normal form C, so that it does not depend on
  /// the file system.
  var key: [UInt8] { text.map { Array($0.precomposedStringWithCanonicalMapping.utf8) } ?? bytes }
}
