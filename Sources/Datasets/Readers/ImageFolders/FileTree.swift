internal import Foundation

/// Image files that are read by their names relative to a root.
protocol ImageFiles: Sendable {
  /// The place for messages.
  var root: FileName { get }

  /// Passes files to `body` in blocks, in an order that only depends on the files.
  /// - Parameters:
  ///   - files: names; in archives, each one once
  ///   - most: the most files in a block
  ///   - body: receives the files of a block; each file is passed once
  /// - Throws: the errors of `body`, and ``DatasetError`` if no further file can be read.
  func forEachBlock(
    of files: [FileName], atMost most: Int, _ body: ([ImageFile]) throws(DatasetError) -> Void
  ) throws(DatasetError)
}

/// An image file of a block.
struct ImageFile: Sendable {
  /// The index of the file in the list that was asked for.
  let index: Int
  /// Returns the bytes of the file. Can be called on any thread.
  let content: @Sendable () throws(DatasetError) -> [UInt8]
}

/// Folders with files: those of the file system, or the content of archives.
protocol FileTree: ImageFiles {
  /// Returns what has this name; nil if there is nothing, or a link that leads nowhere.
  /// - Parameter name: relative to ``root``; nil for the root itself
  func kind(of name: FileName?) -> FileKind?

  /// Returns the names in a folder, with hidden ones, sorted by their bytes; nil if it is not a readable folder.
  func entries(of folder: FileName?) -> [FileName]?

  /// Returns a number pair that is the same for all names of a folder; nil if a folder has one name only.
  /// - Parameter folder: relative to ``root``; nil for the root itself
  func identity(of folder: FileName?) -> [UInt64]?
}

enum FileKind {
  case file
  case folder
  case other
}

extension FileTree {
  /// The most folders in which an image is searched.
  private static var mostSearched: Int { 10_000 }

  /// Whether a folder, or one below it, has a file with one of these endings.
  /// - Parameter depth: the number of levels below the folder that are searched
  func hasFile(_ endings: [String], below top: FileName, depth: Int) -> Bool {
    var folders = [(name: top, depth: depth)]
    var (visited, count): (Set<[UInt64]>, Int) = ([], 0)
    while let folder = folders.popLast(), count < Self.mostSearched {
      count += 1
      if let identity = identity(of: folder.name), !visited.insert(identity).inserted { continue }
      let names = (entries(of: folder.name) ?? []).filter { !ImageFolder.isJunk($0) }
      if names.contains(where: { $0.hasEnding(endings) }) { return true }
      guard folder.depth > 0 else { continue }
      folders += names.map { folder.name / $0 }.filter { kind(of: $0) == .folder }.map { ($0, folder.depth - 1) }
    }
    return false
  }

  /// Returns the folders in a folder, without those of the system, sorted by their bytes.
  /// - Parameter folder: relative to ``root``; nil for the root itself
  func folders(in folder: FileName?) -> [FileName] {
    let names = (entries(of: folder) ?? []).filter { !ImageFolder.isJunk($0) }
    return names.map { name in folder.map { $0 / name } ?? name }.filter { kind(of: $0) == .folder }
  }
}

/// A folder of the file system. Symbolic links are followed.
struct FolderTree: FileTree {
  let root: FileName

  func kind(of name: FileName?) -> FileKind? {
    place(name).status.map { status in
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .folder
      case S_IFREG: .file
      default: .other
      }
    }
  }

  func entries(of folder: FileName?) -> [FileName]? { place(folder).allEntries }

  func identity(of folder: FileName?) -> [UInt64]? {
    place(folder).status.map { [UInt64($0.st_dev), UInt64($0.st_ino)] }
  }

  func forEachBlock(
    of files: [FileName], atMost most: Int, _ body: ([ImageFile]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    for start in stride(from: 0, to: files.count, by: most) {
      let block = (start..<min(start + most, files.count)).map { index in
        let name = root.appending(files[index])
        return ImageFile(index: index) { () throws(DatasetError) in
          try name.contents(limit: DatasetLimits.imageFile)
        }
      }
      try body(block)
    }
  }

  private func place(_ name: FileName?) -> FileName { name.map { root / $0 } ?? root }
}
