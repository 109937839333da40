internal import Text

/// Zip and tar archives of image folders, in the layouts of ``ImageFolderReader`` and ``ClassFolderReader``.
struct ArchiveReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "archives"
  let summary =
    "zip or tar archives (also compressed by gzip, bzip2, xz or zstd) of image folders or class folders; several with "
    + "train and test in their names, or one."
  let files = ["*.zip", "*.tar", "*.tar.{gz,bz2,xz,zst}"]

  private static let endings = [
    "zip", "tar", "tar.gz", "tgz", "tar.bz2", "tbz", "tbz2", "tar.xz", "txz", "tar.zst", "tzst",
  ]

  /// Returns the archives at a place: the file, the files that a pattern names, or those in a folder.
  static func archives(at location: DatasetLocation) -> [FileName] {
    if let entries = location.entries {
      return entries.filter { $0.hasEnding(endings) }.map { FileName(location.path) / $0 }
    }
    if !location.shards.isEmpty { return location.shards }
    let file = FileName(location.path)
    let isTar = location.start.dropFirst(257).starts(with: "ustar".utf8)
    let isZip = location.start.starts(with: Array("PK".utf8) + [3, 4]) && !NumPyReader.isArchive(location)
    return file.hasEnding(endings) || isTar || isZip ? [file] : []
  }

  func recognizes(_ location: DatasetLocation) -> Bool { !Self.archives(at: location).isEmpty }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? { Self.archives(at: location) }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let paths = Self.archives(at: location)
    let parts = paths.map { DatasetPart(namedIn: $0.last) }
    guard paths.count == 1 || !parts.contains(nil) else {
      throw .inconsistent(
        path: location.path,
        reason: "holds \(paths.count) archives; expected one, or several with train and test in their names, for "
          + "example train.zip and test.zip")
    }
    let (tree, links, others) = try Self.tree(location, paths, parts)
    let hasParts = ImageFolderReader.recognizes(tree)
    guard !hasParts || options.isForEvaluation || !ImageFolderReader.parts(of: tree).train.isEmpty else {
      throw .damaged(
        path: location.path,
        reason: "holds test images only, by the name of the archive or of the folder in it; add training images in a "
          + "folder train or an archive with train in its name, or choose another name")
    }
    var dataset =
      hasParts
      ? try ImageFolderReader(decoders: decoders).read(tree, name: location.stem, options)
      : try ClassFolderReader(decoders: decoders).read(tree, name: location.stem, options)
    if !links.isEmpty {
      dataset.notes.append(
        "\(counted(links.count, "link")) in the archive \(links.count == 1 ? "was" : "were") skipped: "
          + links.firstNames)
    }
    if !others.isEmpty {
      dataset.notes.append(
        "\(counted(others.count, "file")) outside of the folder of the data set \(others.count == 1 ? "was" : "were") "
          + "skipped: \(others.firstNames)")
      dataset.details.skip(others)
    }
    return dataset
  }

  /// Returns the folders of all archives, and the links and other files in them that are not used.
  /// - Parameter parts: those of several archives, which have the folders of these names
  private static func tree(
    _ location: DatasetLocation, _ paths: [FileName], _ parts: [DatasetPart?]
  ) throws(DatasetError) -> (ArchiveTree, links: [FileName], others: [FileName]) {
    var (archives, listings): ([ArchiveFiles.Archive], [ArchiveListing]) = ([], [])
    for (path, part) in zip(paths, parts) {
      let listing = try ArchiveListing(path)
      let place = paths.count == 1 ? nil : part.map { FileName($0.folder) }
      let top = listing.top(keepsPart: place == nil)
      archives.append(ArchiveFiles.Archive(path: path, top: top, place: place))
      listings.append(listing)
    }
    let links = listings.flatMap(\.links)
    let tree = try ArchiveTree(root: FileName(location.path), archives, listings)
    guard archives.count == 1 else { return (tree, links, []) }
    let folders = ImageFolderReader.parts(of: tree)
    let hasParts = ImageFolderReader.recognizes(tree)
    if hasParts, folders.test.isEmpty, folders.train.count == 1, let train = folders.train.first {
      // Of several folders of training images, the reader says what to do.
      archives[0].top = archives[0].top.map { $0 / train } ?? train
    } else if !hasParts, !tree.folders(in: nil).isEmpty, let part = parts[0], part != .train {
      // The class folders of `test.zip` are those of test images, whether or not `train.zip` is beside it.
      archives[0].place = FileName(part.folder)
    } else {
      return (tree, links, [])
    }
    let others = listings[0].files.filter { archives[0].name(of: $0) == nil && !$0.isJunk }
    return (try ArchiveTree(root: FileName(location.path), archives, listings), links, others)
  }
}

extension FileName {
  /// Whether the name of a file or of a folder that contains it is that of a hidden or system file.
  fileprivate var isJunk: Bool {
    bytes.split(separator: UInt8(ascii: "/")).contains { ImageFolder.isJunk(FileName(Array($0))) }
  }
}
