internal import CArchive
internal import Foundation
internal import Text

/// Reads the entries of a zip or tar archive one after the other, by libarchive. Nothing is unpacked to files.
///
/// Limits: the number of entries, the length of names, and the size of all entries compared with that of the archive.
final class ArchiveStream {
  struct Entry {
    enum Kind {
      case file
      case folder
      case link
      case other
    }

    /// Relative to the top of the archive, without empty parts and `.`; empty for the top itself.
    let name: FileName
    let kind: Kind
    /// The size that the archive declares; nil if it does not.
    let size: Int?
  }

  private enum Limits {
    static let entries = 1 << 24
    static let nameLength = 4096
    /// Compressed archives of small images, padded to blocks of 512 bytes, reach ratios of 20.
    static func unpackedSize(_ archiveSize: Int) -> Int { 1 << 30 + 200 * min(archiveSize, 1 << 50) }
  }

  private let path: FileName
  private let archive: OpaquePointer
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  /// The decompressed content of a gzip file, whose checksums libarchive does not compare; nil for other files.
  private let unzipped: ByteSource?
  private var failure: DatasetError?
  /// Names in archives are converted to the character set of the thread's locale, which must be UTF-8.
  private let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
  private var entry: Entry?
  private var (entryCount, declaredSize) = (0, 0)
  private let largestSize: Int

  /// - Throws: ``DatasetError``
  init(_ path: FileName) throws(DatasetError) {
    self.path = path
    let file = try InputFile(path)
    largestSize = Limits.unpackedSize(file.size)
    unzipped = try file.start(2) == [0x1f, 0x8b] ? ByteSource(path: path) : nil
    guard let archive = archive_read_new() else { throw .missing(path: path.shown, reason: "memory is exhausted") }
    self.archive = archive
    buffer = .allocate(capacity: 1 << 16)
    archive_read_support_format_tar(archive)
    archive_read_support_format_zip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_lzma(archive)
    archive_read_support_filter_zstd(archive)
    let code =
      unzipped == nil
      ? path.withCString { archive_read_open_filename(archive, $0, buffer.count) }
      : archive_read_open(archive, Unmanaged.passUnretained(self).toOpaque(), nil, readUnzipped, nil)
    guard code == ARCHIVE_OK else { throw damage() }
  }

  deinit {
    archive_read_free(archive)
    buffer.deallocate()
    input.deallocate()
    if let locale { freelocale(locale) }
  }

  fileprivate func readBlock(_ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
    start.pointee = UnsafeRawPointer(input.baseAddress)
    do throws(DatasetError) { return try unzipped!.read(into: input) } catch {
      failure = error
      return Int(ARCHIVE_FATAL)
    }
  }

  /// The block that libarchive reads from.
  private let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)

  /// Returns the next entry; nil at the end of the archive.
  /// - Throws: ``DatasetError``, also for encrypted entries, and for names that lead out of the archive.
  func next() throws(DatasetError) -> Entry? {
    let previous = uselocale(locale)
    defer { uselocale(previous) }
    var header: OpaquePointer?
    let code = archive_read_next_header(archive, &header)
    if code == ARCHIVE_EOF {
      try checkEnd()
      return nil
    }
    guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let header else { throw damage() }
    guard let name = archive_entry_pathname(header) ?? archive_entry_pathname_utf8(header) else {
      throw .damaged(path: path.shown, reason: "holds an entry whose name cannot be read")
    }
    let size = archive_entry_size_is_set(header) != 0 ? Int(archive_entry_size(header)) : nil
    let found = try Entry(name: normalized(name), kind: Self.kind(header), size: size)
    try count(found, isEncrypted: archive_entry_is_encrypted(header) != 0)
    entry = found
    return found
  }

  /// Reads the rest of a gzip file, which ends with a checksum.
  private func checkEnd() throws(DatasetError) {
    guard let unzipped else { return }
    var rest = 0
    while true {
      let count = try unzipped.read(into: input)
      rest += count
      if count == 0 { return }
      guard rest <= largestSize else { throw bomb(at: "its end") }
    }
  }

  /// Returns the content of the entry that ``next()`` has returned.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if it is damaged, or longer than `limit` bytes.
  func content(limit: Int) throws(DatasetError) -> [UInt8] {
    let name = (path / entry!.name).shown
    let tooLong = DatasetError.damaged(path: name, reason: "is longer than \(limit >> 10) KiB, the maximum")
    guard entry!.size ?? 0 <= limit else { throw tooLong }
    var content: [UInt8] = []
    while true {
      let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
      if count == 0 { return content }
      guard count > 0 else {
        if let failure { throw failure }
        throw .damaged(path: name, reason: "is damaged in the archive (\(message))")
      }
      guard content.count + count <= limit else { throw tooLong }
      content += buffer[..<count]
    }
  }

  private static func kind(_ header: OpaquePointer) -> Entry.Kind {
    if archive_entry_hardlink(header) != nil || archive_entry_hardlink_utf8(header) != nil { return .link }
    switch UInt32(archive_entry_filetype(header)) {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    default: return .other
    }
  }

  private func count(_ entry: Entry, isEncrypted: Bool) throws(DatasetError) {
    entryCount += 1
    guard entryCount <= Limits.entries else {
      throw .damaged(path: path.shown, reason: "holds more than \(Limits.entries) entries, the maximum")
    }
    if entry.kind == .file, isEncrypted {
      throw .damaged(
        path: path.shown,
        reason: "the entry \(entry.name.shown) is encrypted; unpack the archive with its password, and use the folder")
    }
    let size = entry.size ?? 0
    guard 0...largestSize ~= size, declaredSize + size <= largestSize else {
      throw bomb(at: "the entry \(entry.name.shown)")
    }
    declaredSize += size
  }

  private func bomb(at place: String) -> DatasetError {
    .damaged(
      path: path.shown,
      reason: "unpacks to more than \(largestSize >> 20) MiB, at \(place); this archive is damaged or a "
        + "decompression bomb")
  }

  /// Returns a name without empty parts and `.`.
  private func normalized(_ name: UnsafePointer<CChar>) throws(DatasetError) -> FileName {
    let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
    let parts = bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    let shown = FileName(Array(bytes.prefix(100))).shown.debugDescription
    guard bytes.count <= Limits.nameLength else {
      throw .damaged(
        path: path.shown,
        reason: "holds the entry \(shown)… with a name of \(bytes.count) bytes; the maximum is "
          + "\(Limits.nameLength)")
    }
    guard bytes.first != UInt8(ascii: "/"), !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
      throw .damaged(
        path: path.shown,
        reason: "holds the entry \(shown), which lies outside of the archive; expected relative "
          + "names without ..")
    }
    return FileName(Array(parts.joined(separator: [UInt8(ascii: "/")])))
  }

  private var message: String {
    archive_error_string(archive).map { String(cString: $0).printable } ?? "unknown error"
  }

  private func damage() -> DatasetError {
    failure ?? .damaged(path: path.shown, reason: "cannot be read as a zip or tar archive (\(message))")
  }
}

/// Passes the next block of a decompressed file to libarchive.
private func readUnzipped(
  _ archive: OpaquePointer?, _ stream: UnsafeMutableRawPointer?, _ start: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
  Unmanaged<ArchiveStream>.fromOpaque(stream!).takeUnretainedValue().readBlock(start!)
}
