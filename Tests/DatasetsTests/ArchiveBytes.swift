import CArchive
import Foundation

/// Makes archives with any entries, also those that no archiver would write.
enum ArchiveBytes {
  struct Entry {
    var name: String
    var content: [UInt8] = []
    /// The size of a file that ends with zeros; nil for that of the content.
    var size: Int?
    var symbolicLink: String?
    var hardLink: String?
  }

  enum Format: CaseIterable {
    case zip
    case tar
    case gzip
    case bzip2
    case xz
    case zstd

    var ending: String {
      switch self {
      case .zip: "zip"
      case .tar: "tar"
      case .gzip: "tar.gz"
      case .bzip2: "tar.bz2"
      case .xz: "tar.xz"
      case .zstd: "tar.zst"
      }
    }
  }

  /// - Parameter password: encrypts a zip archive
  static func make(_ entries: [Entry], _ format: Format = .tar, password: String? = nil) -> [UInt8] {
    let archive = archive_write_new()
    if format == .zip {
      archive_write_set_format_zip(archive)
    } else {
      archive_write_set_format_pax_restricted(archive)
    }
    switch format {
    case .gzip: archive_write_add_filter_gzip(archive)
    case .bzip2: archive_write_add_filter_bzip2(archive)
    case .xz: archive_write_add_filter_xz(archive)
    case .zstd: archive_write_add_filter_zstd(archive)
    case .zip, .tar: break
    }
    if let password {
      precondition(archive_write_set_options(archive, "zip:encryption=traditional") == ARCHIVE_OK)
      archive_write_set_passphrase(archive, password)
    }
    // Zeros are compressed by a factor of about 1000.
    let capacity = entries.map { $0.content.count + ($0.size ?? 0) / 500 + 4096 }.reduce(1 << 16, +)
    var used = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      precondition(archive_write_open_memory(archive, buffer.baseAddress, capacity, &used) == ARCHIVE_OK)
      for entry in entries { write(entry, to: archive) }
      precondition(archive_write_close(archive) == ARCHIVE_OK)
      count = used
    }
    archive_write_free(archive)
    return bytes
  }

  static func make(_ files: [(name: String, content: [UInt8])], _ format: Format = .tar) -> [UInt8] {
    make(files.map { Entry(name: $0.name, content: $0.content) }, format)
  }

  private static func write(_ entry: Entry, to archive: OpaquePointer?) {
    let header = archive_entry_new()
    defer { archive_entry_free(header) }
    archive_entry_copy_pathname(header, entry.name)
    archive_entry_set_perm(header, 0o644)
    // A folder, a symbolic link or a file.
    archive_entry_set_filetype(
      header, entry.name.hasSuffix("/") ? 0o040000 : entry.symbolicLink != nil ? 0o120000 : 0o100000)
    if let target = entry.symbolicLink { archive_entry_copy_symlink(header, target) }
    if let target = entry.hardLink { archive_entry_copy_hardlink(header, target) }
    archive_entry_set_size(header, Int64(entry.size ?? entry.content.count))
    precondition(archive_write_header(archive, header) >= ARCHIVE_WARN)
    if !entry.content.isEmpty { archive_write_data(archive, entry.content, entry.content.count) }
  }
}
