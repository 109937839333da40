internal import Foundation

/// A name in a file system: bytes, which need not be UTF-8 and are passed on as they are.
struct FileName: Sendable, Equatable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(_ text: String) { bytes = Array(text.utf8) }

  /// Nil if the name is not UTF-8.
  var text: String? { String(validating: bytes, as: UTF8.self) }

  /// For messages: bytes that are not ASCII are written as in `caf\xE9` if the name is not UTF-8.
  var shown: String {
    text
      ?? bytes.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16, uppercase: true) }.joined()
  }

  static func / (folder: FileName, name: FileName) -> FileName {
    FileName(folder.bytes + [UInt8(ascii: "/")] + name.bytes)
  }

  /// Calls `body` with the name as the C library takes it.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  /// The names in this folder in the order of their bytes, without hidden ones; nil if it is not a folder that can be read.
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

  /// Whether something has this name: a file, a folder or another kind.
  var exists: Bool { withCString { access($0, F_OK) == 0 } }

  /// All bytes of the file.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it is not a regular file that can be read, which is not waited for;
  ///   ``DatasetError/damaged(path:reason:)`` if it is longer than `limit`.
  func contents(limit: Int) throws(DatasetError) -> [UInt8] {
    var status = stat()
    guard withCString({ stat($0, &status) }) == 0 else {
      let reason = errno == ENOENT ? "there is no such file" : "cannot be read: \(String(cString: strerror(errno)))"
      throw .missing(path: shown, reason: reason)
    }
    try ByteSource.checkKind(status, path: shown)
    let size = Int(status.st_size)
    guard size <= limit else {
      throw .damaged(path: shown, reason: "is \(size >> 20) MiB long; at most \(limit >> 20) MiB are read")
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
