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

  /// Whether two folders have an image, or have a folder with one; or one folder, and there are no files beside it.
  func recognizes(_ location: DatasetLocation) -> Bool {
    func hasImage(_ folder: FileName, depth: Int) -> Bool {
      let entries = folder.entries ?? []
      return entries.contains { $0.hasEnding(decoders.endings) }
        || depth > 0 && entries.contains { hasImage(folder / $0, depth: depth - 1) }
    }
    let entries = (location.entries ?? []).map { FileName(location.path) / $0 }
    let count = entries.count { hasImage($0, depth: 1) }
    return count > 1 || count == 1 && entries.allSatisfy(\.isFolder)
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    try read(FolderTree(root: FileName(location.path)), name: location.name, options)
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? { [FileName(location.path)] }

  /// Reads the folders of a tree.
  /// - Parameter name: of the data set
  func read(_ tree: any FileTree, name: String, _ options: DatasetOptions) throws(DatasetError) -> Dataset {
    var folder = ImageFolder(tree, decoders)
    let path = tree.root.shown
    let found = try folder.classes(in: nil)
    let allFiles = try folder.files(of: found)
    let isClass = allFiles.map { !$0.isEmpty }
    let unused = found.indices.filter { !isClass[$0] }
    if !unused.isEmpty {
      let names = unused.map { found[$0].name }
      folder.notes.append(
        "\(counted(unused.count, "folder")) without images \(unused.count == 1 ? "is" : "are") not used: "
          + names.listed(atMost: 3))
    }
    let classNames = found.indices.filter { isClass[$0] }.map { found[$0].name }
    guard !classNames.isEmpty else {
      throw .damaged(path: path, reason: "holds no folders of images; expected one for each class, \(fileList)")
    }
    try DatasetLimits.checkNames(classNames, path)
    let files = allFiles.filter { !$0.isEmpty }
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
