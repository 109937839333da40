/// The members of a zip archive (PKWARE, "APPNOTE.TXT", version 6.3), by its central directory.
struct ZipArchive {
  struct Member {
    let name: String
    /// Whether the bytes are compressed by deflate; else they are stored.
    let isCompressed: Bool
    let checksum: UInt32
    let compressedSize: Int
    let size: Int
    /// The place of the member's header in the archive.
    let place: Int
  }

  private static let limits = (members: 10_000, directory: 16 << 20)

  let path: FileName
  let members: [Member]

  /// - Throws: ``DatasetError``, also for encrypted members and compression methods other than deflate.
  init(_ path: FileName) throws(DatasetError) {
    self.path = path
    let file = try InputFile(path)
    let (count, start, size) = try Self.directory(file, path)
    guard count <= Self.limits.members, size <= Self.limits.directory, start + size <= file.size else {
      throw .damaged(path: path.shown, reason: "is a damaged zip archive: its directory has an invalid size")
    }
    let bytes = Bytes(try file.bytes(size, at: start))
    var members: [Member] = []
    var place = 0
    for _ in 0..<count {
      guard let (member, next) = try Self.member(bytes, place, path) else {
        throw .damaged(path: path.shown, reason: "is a damaged zip archive: its directory is incomplete")
      }
      guard member.place >= 0, member.compressedSize >= 0, member.size >= 0, member.place < file.size,
        member.compressedSize <= file.size - member.place
      else { throw .damaged(path: path.shown, reason: "is a damaged zip archive: \(member.name) is beyond its end") }
      members.append(member)
      place = next
    }
    self.members = members
  }

  /// Finds the central directory by the record at the end of the archive.
  private static func directory(
    _ file: borrowing InputFile, _ path: FileName
  ) throws(DatasetError) -> (count: Int, start: Int, size: Int) {
    let length = min(file.size, 22 + 65535)
    let end = Bytes(try file.bytes(length, at: file.size - length))
    for place in stride(from: length - 22, through: 0, by: -1) where end.hasSignature([5, 6], at: place) {
      guard let count = end.number(place + 10, 2), let size = end.number(place + 12, 4),
        let start = end.number(place + 16, 4)
      else { break }
      guard count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff else { return (count, start, size) }
      // The archive is larger than 4 GiB: another record before this one has the numbers in 64 bits.
      guard end.hasSignature([6, 7], at: place - 20), let record = end.number(place - 12, 8),
        record <= file.size - 56
      else { break }
      let large = Bytes(try file.bytes(56, at: record))
      guard large.hasSignature([6, 6], at: 0), let count = large.number(32, 8), let size = large.number(40, 8),
        let start = large.number(48, 8), max(count, size, start) <= file.size
      else { break }
      return (count, start, size)
    }
    throw .damaged(path: path.shown, reason: "is a truncated zip archive: it does not end with a directory")
  }

  /// - Returns: a member and the place of the next one; nil if the directory ends too early
  private static func member(
    _ bytes: Bytes, _ place: Int, _ path: FileName
  ) throws(DatasetError) -> (Member, next: Int)? {
    guard bytes.hasSignature([1, 2], at: place), let flags = bytes.number(place + 8, 2),
      let method = bytes.number(place + 10, 2), let checksum = bytes.number(place + 16, 4),
      var compressedSize = bytes.number(place + 20, 4), var size = bytes.number(place + 24, 4),
      let nameLength = bytes.number(place + 28, 2), let extraLength = bytes.number(place + 30, 2),
      let commentLength = bytes.number(place + 32, 2), var header = bytes.number(place + 42, 4),
      let name = bytes.slice(place + 46, nameLength), bytes.slice(place + 46 + nameLength, extraLength) != nil
    else { return nil }
    let text = FileName(Array(name)).shown
    guard flags & 1 == 0, method == 0 || method == 8 else {
      throw .damaged(path: path.shown, reason: "\(text) is encrypted or compressed by another method than deflate")
    }
    // Sizes beyond 32 bits are in an extra field of type 1, in this order.
    var extra = place + 46 + nameLength
    let end = extra + extraLength
    while extra + 4 <= end, let type = bytes.number(extra, 2), let length = bytes.number(extra + 2, 2) {
      var value = extra + 4
      extra = value + length
      guard type == 1, extra <= end else { continue }
      func large(_ number: inout Int) -> Bool {
        guard number == 0xffff_ffff else { return true }
        guard value + 8 <= extra, let found = bytes.number(value, 8) else { return false }
        (number, value) = (found, value + 8)
        return true
      }
      guard large(&size), large(&compressedSize), large(&header) else { return nil }
    }
    let member = Member(
      name: text, isCompressed: method == 8, checksum: UInt32(checksum), compressedSize: compressedSize, size: size,
      place: header)
    return (member, end + commentLength)
  }
}

/// Little-endian numbers in bytes.
struct Bytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func slice(_ place: Int, _ length: Int) -> ArraySlice<UInt8>? {
    place >= 0 && length <= bytes.count - place ? bytes[place..<place + length] : nil
  }

  /// Returns an unsigned number of up to 8 bytes; nil beyond the end, or if it is 2^62 or more.
  func number(_ place: Int, _ length: Int) -> Int? {
    guard let digits = slice(place, length) else { return nil }
    let number = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return number < 1 << 62 ? Int(number) : nil
  }

  /// Whether a record of a zip archive begins at this place.
  func hasSignature(_ kind: [UInt8], at place: Int) -> Bool {
    slice(place, 4).map { $0.elementsEqual(Array("PK".utf8) + kind) } ?? false
  }
}
