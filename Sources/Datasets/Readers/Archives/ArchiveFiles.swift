/// The image files of archives, which are read one after the other. Nothing is unpacked to files.
struct ArchiveFiles: ImageFiles {
  struct Archive {
    let path: FileName
    /// The folder of the archive whose content is used; nil for all of it.
    var top: FileName?
    /// Where this content appears; nil for the root.
    var place: FileName?

    /// Returns the name of an entry relative to the root; nil if it is not part of the content that is used.
    func name(of entry: FileName) -> FileName? {
      guard let name = top.map({ entry.relative(to: $0) }) ?? entry else { return nil }
      return place.map { $0 / name } ?? name
    }
  }

  let root: FileName
  let archives: [Archive]

  /// The most memory for the files of a block, in bytes.
  private static let blockSize = 16 << 20

  func forEachBlock(
    of files: [FileName], atMost most: Int, _ body: ([ImageFile]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    var indices = Dictionary(files.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    var (block, size): ([ImageFile], Int) = ([], 0)
    for archive in archives {
      let stream = try ArchiveStream(archive.path)
      while let entry = try stream.next() {
        guard entry.kind == .file, let name = archive.name(of: entry.name),
          let index = indices.removeValue(forKey: name)
        else { continue }
        let content = Self.content(stream)
        size += (try? content.get().count) ?? 0
        block.append(ImageFile(index: index) { () throws(DatasetError) in try content.get() })
        guard block.count >= most || size >= Self.blockSize else { continue }
        try body(block)
        (block, size) = ([], 0)
      }
    }
    if !block.isEmpty { try body(block) }
    guard indices.isEmpty else {
      throw .damaged(path: root.shown, reason: "has changed while it was read")
    }
  }

  private static func content(_ stream: ArchiveStream) -> Result<[UInt8], DatasetError> {
    do throws(DatasetError) {
      return .success(try stream.content(limit: DatasetLimits.imageFile))
    } catch { return .failure(error) }
  }
}

/// The folders of image files in archives. The files of all archives must have different names.
struct ArchiveTree: FileTree {
  private let images: ArchiveFiles
  private var files: Set<FileName> = []
  /// The names in each folder; that of the root is empty.
  private var folders: [FileName: [FileName]] = [FileName([]): []]

  var root: FileName { images.root }

  /// - Parameter listings: the content of the archives
  init(
    root: FileName, _ archives: [ArchiveFiles.Archive], _ listings: [ArchiveListing]
  ) throws(DatasetError) {
    images = ArchiveFiles(root: root, archives: archives)
    for (archive, listing) in zip(archives, listings) {
      for name in listing.files.compactMap(archive.name) {
        guard files.insert(name).inserted else {
          throw .inconsistent(path: archive.path.shown, reason: "holds several entries with the name \(name.shown)")
        }
        add(name)
      }
    }
    folders = folders.mapValues { $0.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) } }
  }

  /// Adds a file or folder to its folder, which is added first.
  private mutating func add(_ name: FileName) {
    let folder = name.folder ?? FileName([])
    if folders[folder] == nil {
      folders[folder] = []
      add(folder)
    }
    // A file that is also a folder has two entries of one name.
    folders[folder]!.append(name.last)
  }

  func kind(of name: FileName?) -> FileKind? {
    folders[name ?? FileName([])] != nil ? .folder : name.map(files.contains) ?? false ? .file : nil
  }

  func entries(of folder: FileName?) -> [FileName]? { folders[folder ?? FileName([])] }

  func identity(of folder: FileName?) -> [UInt64]? { nil }

  func forEachBlock(
    of files: [FileName], atMost most: Int, _ body: ([ImageFile]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    try images.forEachBlock(of: files, atMost: most, body)
  }
}

/// The names of the files in an archive.
struct ArchiveListing {
  private(set) var files: [FileName] = []
  private(set) var links: [FileName] = []

  init(_ path: FileName) throws(DatasetError) {
    let stream = try ArchiveStream(path)
    while let entry = try stream.next() {
      switch entry.kind {
      case .file: files.append(entry.name)
      case .link: links.append(entry.name)
      case .folder, .other: break
      }
    }
  }

  /// Returns the folder that holds all files apart from system files, if it holds folders: many archives hold one
  /// folder with the data set.
  /// - Parameter kept: the name of a folder that is part of the data set
  func top(keeping kept: String?) -> FileName? {
    var top: FileName?
    while true {
      var (found, hasFiles): (Set<FileName>, Bool) = ([], false)
      for file in files {
        guard let name = top.map({ file.relative(to: $0) }) ?? file else { continue }
        let parts = name.bytes.split(separator: UInt8(ascii: "/"), maxSplits: 2)
        guard let first = parts.first.map({ FileName(Array($0)) }), !ImageFolder.isJunk(first) else { continue }
        found.insert(first)
        hasFiles = hasFiles || parts.count < 3 && !(parts.count == 2 && ImageFolder.isJunk(FileName(Array(parts[1]))))
      }
      guard found.count == 1, !hasFiles, let folder = found.first, folder.text == nil || folder.text != kept else {
        return top
      }
      top = top.map { $0 / folder } ?? folder
    }
  }
}
