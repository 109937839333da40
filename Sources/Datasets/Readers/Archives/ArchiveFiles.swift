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
    var indices = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($0.element, $0.offset) })
    var (block, size): ([ImageFile], Int) = ([], 0)
    for archive in archives where !indices.isEmpty {
      let stream = try ArchiveStream(archive.path)
      while !indices.isEmpty, let entry = try stream.next() {
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
  /// The names in each folder, sorted; that of the root is empty.
  private var folders: [FileName: [FileName]] = [FileName([]): []]

  var root: FileName { images.root }

  /// - Parameter listings: the content of the archives
  init(
    root: FileName, _ archives: [ArchiveFiles.Archive], _ listings: [ArchiveListing]
  ) throws(DatasetError) {
    images = ArchiveFiles(root: root, archives: archives)
    for (archive, listing) in zip(archives, listings) {
      for file in listing.files { archive.name(of: file).map { add($0) } }
    }
    for folder in folders.keys { folders[folder]!.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) } }
    for folder in folders.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
      let names = folders[folder]!
      guard let name = zip(names, names.dropFirst()).first(where: { $0 == $1 })?.0 else { continue }
      let shown = folder.bytes.isEmpty ? name.shown : (folder / name).shown
      throw .inconsistent(path: root.shown, reason: "holds several entries with the name \(shown)")
    }
  }

  /// Adds a file or folder to its folder, which is added first.
  private mutating func add(_ name: FileName) {
    let folder = name.folder ?? FileName([])
    if folders[folder] == nil {
      folders[folder] = []
      add(folder)
    }
    folders[folder]!.append(name.last)
  }

  func kind(of name: FileName?) -> FileKind? {
    guard let name, folders[name] == nil else { return .folder }
    let names = folders[name.folder ?? FileName([])] ?? []
    return names.contains(sorted: name.last) ? .file : nil
  }

  func entries(of folder: FileName?) -> [FileName]? { folders[folder ?? FileName([])] }

  func identity(of folder: FileName?) -> [UInt64]? { nil }

  func forEachBlock(
    of files: [FileName], atMost most: Int, _ body: ([ImageFile]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    try images.forEachBlock(of: files, atMost: most, body)
  }
}

extension [FileName] {
  /// Whether this array, which is sorted by the bytes of the names, contains a name.
  fileprivate func contains(sorted name: FileName) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].bytes.lexicographicallyPrecedes(name.bytes) { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == name
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
  /// - Parameter keepsPart: whether a folder of training or test images is part of the data set, and not such a folder
  func top(keepsPart: Bool) -> FileName? {
    var top: FileName?
    while true {
      var (found, inner, hasFiles): (Set<FileName>, Set<FileName>, Bool) = ([], [], false)
      for file in files {
        guard let name = top.map({ file.relative(to: $0) }) ?? file else { continue }
        let parts = name.bytes.split(separator: UInt8(ascii: "/"), maxSplits: 2)
        guard let first = parts.first.map({ FileName(Array($0)) }), !ImageFolder.isJunk(first) else { continue }
        found.insert(first)
        let second = parts.count == 3 ? FileName(Array(parts[1])) : nil
        if let second, !ImageFolder.isJunk(second) { inner.insert(second) }
        hasFiles = hasFiles || parts.count < 3 && !(parts.count == 2 && ImageFolder.isJunk(FileName(Array(parts[1]))))
      }
      guard found.count == 1, !hasFiles, let folder = found.first else { return top }
      // A folder `test` that holds `train` and `test` is no part.
      let isPart = DatasetPart(folder: folder) != nil && inner.contains { DatasetPart(folder: $0) == nil }
      if keepsPart, isPart { return top }
      top = top.map { $0 / folder } ?? folder
    }
  }
}
