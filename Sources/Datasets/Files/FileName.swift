internal import Foundation

/// A file name as bytes, which need not be UTF-8 and are never converted.
package struct FileName: Sendable, Hashable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }
  package init(_ text: String) { bytes = Array(text.utf8) }

  /// The name as text; nil if it is not UTF-8.
  package var text: String? { String(validating: bytes, as: UTF8.self) }

  /// The name for messages; if it is not UTF-8, bytes beyond ASCII are escaped, as in `caf\xE9`.
  package var shown: String {
    text
      ?? bytes.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16, uppercase: true) }.joined()
  }

  /// The part after the last slash.
  package var last: FileName { FileName(Array(bytes.suffix(from: (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1))) }

  /// The part before the last slash; nil if there is none.
  package var folder: FileName? { bytes.lastIndex(of: UInt8(ascii: "/")).map { FileName(Array(bytes[..<$0])) } }

  /// The name without a folder that contains it; nil if it does not.
  func relative(to folder: FileName) -> FileName? {
    guard bytes.count > folder.bytes.count, bytes.starts(with: folder.bytes),
      bytes[folder.bytes.count] == UInt8(ascii: "/")
    else { return nil }
    return FileName(Array(bytes[(folder.bytes.count + 1)...]))
  }

  package static func / (folder: FileName, name: FileName) -> FileName {
    FileName(folder.bytes + [UInt8(ascii: "/")] + name.bytes)
  }

  /// Returns the name in this folder; an absolute name stays as it is.
  package func appending(_ name: FileName) -> FileName { name.bytes.first == UInt8(ascii: "/") ? name : self / name }

  /// Whether the name ends with a dot and one of `endings`, which are ASCII in lower case. Case is ignored.
  package func hasEnding(_ endings: [String]) -> Bool {
    let lower = bytes.suffix(16).map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    return endings.contains { lower.suffix($0.utf8.count + 1).elementsEqual(".\($0)".utf8) }
  }

  /// Whether the name is that of an image in a format that no decoder reads.
  package var isUnsupportedImage: Bool {
    hasEnding(["gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jp2", "jxl", "ico", "svg", "psd"])
  }

  /// Calls `body` with the name as a C string.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  /// The names in this folder, sorted by their bytes, without hidden ones; nil if it is not a readable folder, with the
  /// reason in `errno`.
  var entries: [FileName]? { allEntries?.filter { !$0.isHidden } }

  /// The names in this folder, sorted by their bytes, with hidden ones.
  var allEntries: [FileName]? {
    guard let folder = withCString({ opendir($0) }) else { return nil }
    defer { closedir(folder) }
    var names: [FileName] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(FileName(name)) }
    }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  var isHidden: Bool { bytes.first == UInt8(ascii: ".") }

  /// The system's data about the file, or about the file that a symbolic link leads to; nil if there is none, with the
  /// reason in `errno`.
  var status: stat? {
    var status = stat()
    return withCString { stat($0, &status) } == 0 ? status : nil
  }

  /// Returns the system's data about an entry of a folder, which is found faster than by its whole path.
  /// - Parameter folder: the descriptor of the folder
  func status(in folder: Int32) -> stat? {
    var status = stat()
    return withCString { fstatat(folder, $0, &status, 0) } == 0 ? status : nil
  }

  /// Whether a file, folder or other entry of this name exists.
  var exists: Bool { withCString { access($0, F_OK) == 0 } }

  /// Whether this is a folder.
  package var isFolder: Bool { status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

  /// Reads the whole file. Never blocks on a pipe.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it is not a readable regular file,
  ///   ``DatasetError/damaged(path:reason:)`` if it is longer than `limit` bytes.
  package func contents(limit: Int) throws(DatasetError) -> [UInt8] { try InputFile(self).contents(limit: limit) }
}
