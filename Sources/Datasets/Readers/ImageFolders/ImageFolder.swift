internal import Foundation
internal import Text

/// The class folders and image files below a folder.
///
/// Classes, and the images within a class, are sorted by the bytes of their names. Class names are converted to
/// Unicode's normal form C, so that the form of the file system does not matter; image names need not be UTF-8. Hidden
/// files, the files that Windows, macOS and storage systems put into folders (``junk``), and files with other endings
/// than those of images are skipped with a note. Symbolic links are followed, and no folder is read twice for a class.
package struct ImageFolder {
  /// Names of system files in lower case.
  private static let junk: Set<String> = [
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin",
    "lost+found",
  ]

  /// Whether this is the name of a hidden or system file.
  static func isJunk(_ name: FileName) -> Bool {
    name.isHidden || name.text.map { junk.contains($0.lowercased()) } ?? false
  }

  let tree: any FileTree
  let decoders: [any ImageDecoder]
  /// Sentences about the folder that a user should know.
  var notes: [String] = []
  /// The skipped files that are not images, relative to the root of ``tree``.
  private var skipped: [FileName] = []
  /// The images that belong to no class, relative to the root.
  private var unlabeled: [FileName] = []
  /// Folders that have been read already for the same class, through another link.
  private var repeated: [FileName] = []
  /// The errors of folders that were skipped because they cannot be read.
  private var unreadable: [DatasetError] = []
  private var fileCount = 0

  init(_ tree: any FileTree, _ decoders: [any ImageDecoder]) { (self.tree, self.decoders) = (tree, decoders) }

  /// The place for messages.
  var path: FileName { tree.root }

  /// A folder of the images of one class.
  struct Class {
    /// In Unicode's normal form C.
    let name: String
    /// Relative to the root of ``ImageFolder/tree``.
    let folder: FileName
  }

  /// Returns the class folders, sorted by name.
  /// - Parameter part: the folder that holds them (`train` or `test`); nil for the root
  private mutating func classes(in part: FileName?) throws(DatasetError) -> [Class] {
    if let part { try checkIsFolder(part) }
    var classes: [Class] = []
    for entry in try entries(of: part) {
      let folder = part.map { $0 / entry } ?? entry
      guard tree.kind(of: folder) == .folder else {
        if entry.hasEnding(decoders.endings) { unlabeled.append(folder) } else { skipped.append(folder) }
        continue
      }
      guard let name = entry.text?.precomposedStringWithCanonicalMapping else {
        throw .damaged(
          path: (path / folder).shown,
          reason: "has a name that is not UTF-8 (perhaps Latin-1); rename this folder, since it names a class")
      }
      if let other = classes.first(where: { $0.name == name }) {
        throw .inconsistent(
          path: (path / folder).shown,
          reason: "has the same name as another folder (\(other.folder.bytes.count) and \(folder.bytes.count) bytes "
            + "long, in different Unicode forms); move the images of both into one folder")
      }
      classes.append(Class(name: name, folder: folder))
    }
    return classes.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Returns the classes that have images, sorted by name, with their image files, relative to the root and sorted.
  /// - Parameter part: the folder that holds their folders (`train` or `test`); nil for the root
  mutating func classesWithImages(
    in part: FileName?
  ) throws(DatasetError) -> [(name: String, folder: FileName, files: [FileName])] {
    var classes: [(name: String, folder: FileName, files: [FileName])] = []
    var empty: [FileName] = []
    for found in try self.classes(in: part) {
      let files = try self.files(below: found.folder)
      if files.isEmpty { empty.append(found.folder) } else { classes.append((found.name, found.folder, files)) }
    }
    if !empty.isEmpty {
      notes.append(
        "\(counted(empty.count, "folder")) without images \(empty.count == 1 ? "is" : "are") not used: "
          + empty.map(\.shown).listed(atMost: 3))
    }
    return classes
  }

  /// Skips and counts what is in the root beside the parts of the data set.
  mutating func skipAll(besides parts: [FileName]) throws(DatasetError) {
    let used = Set(parts.compactMap { tree.identity(of: $0) })
    for entry in try entries(of: nil) where !parts.contains(entry) {
      // A link to a part is not another folder of images.
      if let identity = tree.identity(of: entry), used.contains(identity) { continue }
      if tree.kind(of: entry) == .folder {
        unlabeled += try files(below: entry, skipsUnreadable: true)
      } else if entry.hasEnding(decoders.endings) {
        unlabeled.append(entry)
      } else {
        skipped.append(entry)
      }
    }
  }

  /// Returns all image files of a folder and of the folders below it, sorted, the files that were skipped, and the
  /// reasons why folders below it cannot be read.
  package static func images(
    below folder: FileName, decoders: [any ImageDecoder] = ImageDecoders.all
  ) throws(DatasetError) -> (files: [FileName], skipped: [FileName], unreadable: [DatasetError]) {
    var images = ImageFolder(FolderTree(root: folder), decoders)
    guard images.tree.entries(of: nil) != nil else {
      throw .missing(path: folder.shown, reason: "is not a readable folder")
    }
    let files = try images.files(below: nil, skipsUnreadable: true)
    return (files.map { folder / $0 }, images.skipped.map { folder / $0 }, images.unreadable)
  }

  /// - Parameters:
  ///   - top: relative to the root; nil for the root itself
  ///   - skipsUnreadable: whether folders that cannot be read are skipped; else the first one is an error
  private mutating func files(
    below top: FileName?, skipsUnreadable: Bool = false
  ) throws(DatasetError) -> [FileName] {
    var files: [FileName] = []
    var folders = [top]
    var visited: Set<[UInt64]> = []
    while let folder = folders.popLast() {
      if let identity = tree.identity(of: folder), !visited.insert(identity).inserted {
        if let folder { repeated.append(folder) }
        continue
      }
      let found: [FileName]
      do throws(DatasetError) { found = try entries(of: folder) } catch {
        guard skipsUnreadable else { throw error }
        unreadable.append(error)
        continue
      }
      for entry in found {
        let name = folder.map { $0 / entry } ?? entry
        let kind = tree.kind(of: name)
        if kind == .folder {
          folders.append(name)
        } else if entry.hasEnding(decoders.endings), kind == .file || kind == nil {
          // A file without a kind is a link that leads nowhere: an image that cannot be read.
          files.append(name)
        } else {
          skipped.append(name)
        }
      }
      guard fileCount + files.count <= DatasetLimits.images else {
        throw .damaged(path: path.shown, reason: "holds more than \(DatasetLimits.images) images")
      }
    }
    fileCount += files.count
    return files.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  private func checkIsFolder(_ part: FileName) throws(DatasetError) {
    let kind = tree.kind(of: part)
    guard kind != .folder else { return }
    let (place, expected) = (
      (path / part).shown, "train and test must be folders with one folder of images for each class"
    )
    guard kind == nil else { throw .damaged(path: place, reason: "is not a folder; \(expected)") }
    throw .missing(
      path: place,
      reason: "there is no such folder; \(expected); to split the images of one folder, use that folder as the data")
  }

  /// Returns the names in a folder, without hidden files and junk.
  /// - Parameter folder: relative to the root; nil for the root itself
  private mutating func entries(of folder: FileName?) throws(DatasetError) -> [FileName] {
    guard let names = tree.entries(of: folder) else {
      let place = (folder.map { path / $0 } ?? path).shown
      guard tree.kind(of: folder) == .folder else {
        throw .missing(path: place, reason: "is not there anymore; do not change folders while they are read")
      }
      throw .damaged(path: place, reason: "is a folder that cannot be read; check its permissions")
    }
    var kept: [FileName] = []
    for name in names {
      if Self.isJunk(name) {
        skipped.append(folder.map { $0 / name } ?? name)
      } else {
        kept.append(name)
      }
    }
    return kept
  }

  /// Reads the images. Their order is that of the names of the files, whatever their folders; images with the same
  /// name are in the order of their classes. So a set that numbers its images keeps their order.
  /// - Parameters:
  ///   - train, test: the image files of each class, by label; those of `train` may be empty for an evaluation
  func dataset(
    _ name: String, _ classNames: [String], train: [[FileName]], test: [[FileName]], _ options: DatasetOptions
  ) throws(DatasetError) -> Dataset {
    let sets = [train, test].map { classes in
      classes.enumerated().flatMap { label, names in names.map { LabeledFile(name: $0, label: UInt8(label)) } }
        .map { (last: $0.name.last.bytes, file: $0) }
        .sorted { $0.last.lexicographicallyPrecedes($1.last) }
        .map(\.file)
    }
    var dataset = try tree.dataset(name, classNames, sets, options, decoders, notes: skippedNotes + notes)
    dataset.details.skip(skipped + unlabeled)
    return dataset
  }

  private var skippedNotes: [String] {
    var notes: [String] = []
    let others = skipped.filter { !$0.isUnsupportedImage }
    if !others.isEmpty {
      let files = others.count == 1 ? "file that is not an image was" : "files that are not images were"
      notes.append("\(others.count) \(files) skipped: \(others.firstNames)")
    }
    let unsupported = skipped.filter(\.isUnsupportedImage)
    if !unsupported.isEmpty {
      let images = unsupported.count == 1 ? "image of an unsupported format was" : "images of unsupported formats were"
      notes.append(
        "\(unsupported.count) \(images) skipped: \(unsupported.firstNames); convert to PNG or JPEG what should be used")
    }
    if !unlabeled.isEmpty {
      let images =
        unlabeled.count == 1 ? "image that is in no class folder was" : "images that are in no class folder were"
      notes.append("\(unlabeled.count) \(images) skipped: \(unlabeled.firstNames)")
    }
    if !repeated.isEmpty {
      notes.append(
        "\(counted(repeated.count, "link")) to folders that were read already \(repeated.count == 1 ? "was" : "were") "
          + "skipped: \(repeated.firstNames)")
    }
    if !unreadable.isEmpty {
      notes.append(
        "\(counted(unreadable.count, "folder")) outside of the class folders \(unreadable.count == 1 ? "was" : "were") "
          + "skipped: \(unreadable.map(\.description).listed(atMost: 3))")
    }
    return notes
  }
}

extension [FileName] {
  /// The first three names, for notes.
  var firstNames: String { prefix(3).map(\.shown).joined(separator: ", ") + (count > 3 ? " …" : "") }
}
