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
    let (tree, links) = try Self.tree(location, paths, parts)
    var dataset =
      ImageFolderReader.recognizes(tree)
      ? try ImageFolderReader(decoders: decoders).read(tree, name: location.stem, options)
      : try ClassFolderReader(decoders: decoders).read(tree, name: location.stem, options)
    if !links.isEmpty {
      dataset.notes.append(
        "\(counted(links.count, "link")) in the archive \(links.count == 1 ? "was" : "were") skipped: "
          + links.firstNames)
    }
    return dataset
  }

  /// Returns the folders of all archives, and the links in them.
  /// - Parameter parts: those of several archives, which have the folders of these names
  private static func tree(
    _ location: DatasetLocation, _ paths: [FileName], _ parts: [DatasetPart?]
  ) throws(DatasetError) -> (ArchiveTree, links: [FileName]) {
    var (archives, listings): ([ArchiveFiles.Archive], [ArchiveListing]) = ([], [])
    for (path, part) in zip(paths, parts) {
      let listing = try ArchiveListing(path)
      let place = paths.count == 1 ? nil : part.map { FileName($0.folder) }
      let top = listing.top(keepsTraining: place == nil)
      archives.append(ArchiveFiles.Archive(path: path, top: top, place: place))
      listings.append(listing)
    }
    let links = listings.flatMap(\.links)
    let tree = try ArchiveTree(root: FileName(location.path), archives, listings)
    let folders = ImageFolderReader.parts(of: tree)
    // Of several folders of training images, the reader says what to do.
    guard archives.count == 1, folders.train.count == 1, let train = folders.train.first, folders.test.isEmpty,
      ImageFolderReader.recognizes(tree)
    else { return (tree, links) }
    archives[0].top = archives[0].top.map { $0 / train } ?? train
    return (try ArchiveTree(root: FileName(location.path), archives, listings), links)
  }
}
