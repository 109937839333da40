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

  let path: FileName
  let decoders: [any ImageDecoder]
  /// Sentences about the folder that a user should know.
  var notes: [String] = []
  /// The skipped files that are not images, relative to ``path``.
  private var skipped: [FileName] = []
  /// The images that belong to no class, relative to ``path``.
  private var unlabeled: [FileName] = []
  /// Folders that have been read already for the same class, through another link.
  private var repeated: [FileName] = []
  private var fileCount = 0

  init(_ path: String, _ decoders: [any ImageDecoder]) { self.init(FileName(path), decoders) }

  private init(_ path: FileName, _ decoders: [any ImageDecoder]) { (self.path, self.decoders) = (path, decoders) }

  /// A folder of the images of one class.
  struct Class {
    /// In Unicode's normal form C.
    let name: String
    /// Relative to ``ImageFolder/path``.
    let folder: FileName
  }

  /// Returns the class folders, sorted by name.
  /// - Parameter part: the folder that holds them (`train` or `test`), relative to ``path``; nil for ``path`` itself
  mutating func classes(in part: FileName?) throws(DatasetError) -> [Class] {
    var classes: [Class] = []
    for entry in try entries(of: part) {
      let folder = part.map { $0 / entry } ?? entry
      guard (path / folder).isFolder else {
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

  /// Returns the image files of each class, relative to ``path`` and sorted.
  mutating func files(of classes: [Class]) throws(DatasetError) -> [[FileName]] {
    var files: [[FileName]] = []
    for found in classes { files.append(try self.files(below: found.folder)) }
    return files
  }

  /// Returns all image files of a folder and of the folders below it, sorted, and the number of files that were
  /// skipped.
  package static func images(
    below path: FileName, decoders: [any ImageDecoder] = ImageDecoders.all
  ) throws(DatasetError) -> (files: [FileName], skipped: Int) {
    var folder = ImageFolder(path, decoders)
    let files = try folder.files(below: nil)
    return (files.map { path / $0 }, folder.skipped.count)
  }

  /// - Parameter top: relative to ``path``; nil for ``path`` itself
  private mutating func files(below top: FileName?) throws(DatasetError) -> [FileName] {
    var files: [FileName] = []
    var folders = [top]
    var visited: Set<[UInt64]> = []
    while let folder = folders.popLast() {
      if let status = (folder.map { path / $0 } ?? path).status,
        !visited.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
      {
        if let folder { repeated.append(folder) }
        continue
      }
      for entry in try entries(of: folder) {
        let name = folder.map { $0 / entry } ?? entry
        let kind = (path / name).status.map { $0.st_mode & S_IFMT }
        if kind == S_IFDIR {
          folders.append(name)
        } else if entry.hasEnding(decoders.endings), kind == S_IFREG || kind == nil {
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

  /// Returns the names in a folder, without hidden files and junk.
  /// - Parameter folder: relative to ``path``; nil for ``path`` itself
  private mutating func entries(of folder: FileName?) throws(DatasetError) -> [FileName] {
    let place = folder.map { path / $0 } ?? path
    guard let names = place.allEntries else {
      if folder == nil { throw .missing(path: place.shown, reason: "is not a readable folder") }
      let expected = "train and test must be folders with one folder of images for each class"
      let advice = "\(expected); to split the images of train, use that folder as the data"
      guard place.exists else { throw .missing(path: place.shown, reason: "there is no such folder; \(advice)") }
      throw .damaged(path: place.shown, reason: "is not a readable folder; \(expected)")
    }
    var kept: [FileName] = []
    for name in names {
      if name.isHidden || name.text.map({ Self.junk.contains($0.lowercased()) }) ?? false {
        skipped.append(folder.map { $0 / name } ?? name)
      } else {
        kept.append(name)
      }
    }
    return kept
  }

  /// Reads the images.
  /// - Parameters:
  ///   - train, test: the image files of each class, by label; not empty
  func dataset(
    _ name: String, _ classNames: [String], train: [[FileName]], test: [[FileName]], _ options: DatasetOptions
  ) throws(DatasetError) -> Dataset {
    var loader = ImageFileLoader(folder: path, decoders: decoders, options: options)
    let images = try loader.load([train, test])
    let labels = Set(images[0].labels)
    if let label = classNames.indices.first(where: { !labels.contains(UInt8($0)) }) {
      throw .damaged(path: path.shown, reason: "holds no undamaged training image of the class \(classNames[label])")
    }
    guard images[1].count > 0 else { throw .damaged(path: path.shown, reason: "holds no undamaged test image") }
    var dataset = Dataset(
      name: name, classNames: classNames, train: images[0], test: images[1],
      notes: skippedNotes + notes + loader.notes)
    (dataset.conversion, dataset.damaged) = (loader.conversion, loader.damaged)
    dataset.details.sizes = loader.storedSizes
    dataset.details.skip(skipped + unlabeled)
    return dataset
  }

  private var skippedNotes: [String] {
    var notes: [String] = []
    if !skipped.isEmpty {
      let files = skipped.count == 1 ? "file that is not an image was" : "files that are not images were"
      notes.append("\(skipped.count) \(files) skipped: \(skipped.firstNames)")
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
    return notes
  }
}

extension [FileName] {
  /// The first three names, for notes.
  var firstNames: String { prefix(3).map(\.shown).joined(separator: ", ") + (count > 3 ? " …" : "") }
}
