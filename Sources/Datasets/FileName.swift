internal import Foundation

/// A file name as bytes, which need not be UTF-8 and are never converted.
struct FileName: Sendable, Equatable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(_ text: String) { bytes = Array(text.utf8) }

  /// The name as text; nil if it is not UTF-8.
  var text: String? { String(validating: bytes, as: UTF8.self) }

  /// The name for messages; if it is not UTF-8, bytes beyond ASCII are escaped, as in `caf\xE9`.
  var shown: String {
    text
      ?? bytes.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16, uppercase: true) }.joined()
  }

  static func / (folder: FileName, name: FileName) -> FileName {
    FileName(folder.bytes + [UInt8(ascii: "/")] + name.bytes)
  }

  /// Calls `body` with the name as a C string.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  /// The names in this folder, sorted by their bytes, without hidden ones; nil if it is not a readable folder.
  var entries: [FileName]? {
    guard let folder = withCString({ opendir($0) }) else { return nil }
    defer { closedir(folder) }
    var names: [FileName] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name.first != UInt8(ascii: ".") { names.append(FileName(name)) }
    }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  /// Whether a file, folder or other entry of this name exists.
  var exists: Bool { withCString { access($0, F_OK) == 0 } }

  /// Reads the whole file. Never blocks on a pipe.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it is not a readable regular file,
  ///   ``DatasetError/damaged(path:reason:)`` if it is longer than `limit` bytes.
  func contents(limit: Int) throws(DatasetError) -> [UInt8] {
    var status = stat()
    guard withCString({ stat($0, &status) }) == 0 else {
      let reason = errno == ENOENT ? "there is no such file" : "cannot be read: \(String(cString: strerror(errno)))"
      throw .missing(path: shown, reason: reason)
    }
    try ByteSource.checkKind(status, path: shown)
    let size = Int(status.st_size)
    guard size <= limit else {
      throw .damaged(path: shown, reason: "is \(size >> 20) MiB long; the maximum is \(limit >> 20) MiB")
    }
    let file = withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else {
      throw .missing(path: shown, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(file) }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let step = read(file, buffer.baseAddress! + count, size - count)
        if step < 0, errno == EINTR { continue }
        if step < 0 { failure = errno }
        guard step > 0 else { break }
        count += step
      }
    }
    guard failure == 0 else {
      throw .missing(path: shown, reason: "cannot be read: \(String(cString: strerror(failure)))")
    }
    return bytes
  }
}
