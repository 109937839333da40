internal import Compute
internal import Files
internal import Foundation

extension DatasetCache {
  /// Returns a data set from the cache, or else reads it and adds it.
  /// - Parameters:
  ///   - read: reads and converts the data set
  /// - Returns: the data set, with a note if it cannot be added
  func dataset(
    at location: DatasetLocation, _ reader: any DatasetReader, _ options: DatasetOptions,
    _ read: () throws(DatasetError) -> Dataset
  ) throws(DatasetError) -> Dataset {
    guard let inputs = try reader.inputs(of: location, options: options) else { return try read() }
    let now = Date().timeIntervalSince1970
    var state = InputState()
    for input in inputs { state.add(input) }
    let latestChange = state.latestChange
    let key = Self.key(location, reader, options, state.finalize())
    let path = "\(folder)/\(key)\(Self.ending)"
    if let entry = CacheEntry(path: path, key: key), (try? DatasetLimits.check(entry.dataset, path)) != nil {
      utimes(path, nil)
      return entry.dataset
    }
    var dataset = try read()
    let size = CacheEntry.size(of: dataset)
    // An evaluation accepts data sets that can train no model, because training images are missing or damaged; the key
    // is the same for all commands.
    let isForAll =
      !options.isForEvaluation || dataset.damaged.isEmpty && (try? DatasetLimits.check(dataset, path)) != nil
    guard latestChange < now - leastAge, size <= limit, isForAll else { return dataset }
    do throws(FileError) {
      try makeFolder()
      try makeRoom(size)
      try FileReplacement.write(
        CacheEntry.pieces(dataset, key: key), to: path, isFlushed: false, mode: 0o600)
    } catch {
      dataset.notes.append("the decoded images are not cached: \(error)")
    }
    return dataset
  }

  private static let ending = ".dataset"
  /// Changes with the meaning of files and options: other pixels for the same files need another number.
  private static let version = 4

  private static func key(
    _ location: DatasetLocation, _ reader: any DatasetReader, _ options: DatasetOptions, _ state: String
  ) -> String {
    var digest = Digest()
    let fields = [
      "\(version)", location.path, reader.name, "\(options.conversion)", "\(options.skipsDamaged)",
      "\(options.testFraction)", "\(options.seed)", "\(options.isTransposed)", options.labelColumn ?? "\u{0}",
      options.arrays?.description ?? "\u{0}", state,
    ]
    for field in fields { digest.update("\(field.utf8.count) \(field)\n") }
    return digest.finalize()
  }

  /// Makes the folder, accessible to this user only, because the images may be private.
  private func makeFolder() throws(FileError) {
    guard !FileName(folder).isFolder else { return }
    guard !FileName(folder).exists else { throw .notCreated(path: folder, reason: "it is a file, not a folder") }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw .notCreated(path: folder, reason: systemErrorText()) }
  }

  /// Removes the entries that have not been used for the longest time until another one of `size` bytes fits.
  private func makeRoom(_ size: Int) throws(FileError) {
    let folder = FileName(folder)
    var entries: [(name: FileName, size: Int, used: timespec)] = []
    for name in folder.allEntries ?? [] where name.hasEnding([String(Self.ending.dropFirst())]) {
      guard let status = (folder / name).status else { continue }
      entries.append((folder / name, Int(status.st_size), status.st_mtim))
    }
    entries.sort { ($0.used.tv_sec, $0.used.tv_nsec) > ($1.used.tv_sec, $1.used.tv_nsec) }
    var total = entries.map(\.size).reduce(size, +)
    while total > limit, let oldest = entries.popLast() {
      _ = oldest.name.withCString { unlink($0) }
      total -= oldest.size
    }
  }
}

/// An entry of the cache: a header, then the pixels and labels of the training set and the test set.
private struct CacheEntry {
  private static let magic = Array("ATELIER DATA 1\n\n".utf8)
  private static let checksumLength = 32
  private static let headerLimit = 256 << 20

  let dataset: Dataset

  private struct Header: Codable {
    let key: String
    let name: String
    let classNames: [String]
    let height: Int
    let width: Int
    let channels: Int
    let train: Int
    let test: Int
    let notes: [String]
    let conversion: String?
    let damaged: [[String]]
    let details: DatasetDetails
  }

  /// The size of an entry, without the header's text.
  static func size(of dataset: Dataset) -> Int {
    [dataset.train, dataset.test].map { $0.pixels.count + $0.labels.count }.reduce(4096, +)
  }

  /// Returns the bytes of an entry: the magic number, a checksum, the length of the header as text, and the content.
  static func pieces(_ dataset: Dataset, key: String) -> [[UInt8]] {
    let header = Header(
      key: key, name: dataset.name, classNames: dataset.classNames, height: dataset.shape.height,
      width: dataset.shape.width, channels: dataset.shape.channels, train: dataset.train.count,
      test: dataset.test.count, notes: dataset.notes, conversion: dataset.conversion?.description,
      damaged: dataset.damaged.map(\.fields), details: dataset.details)
    let text = Array((try? JSONEncoder().encode(header)) ?? Data())
    let sets = [dataset.train.pixels, dataset.train.labels, dataset.test.pixels, dataset.test.labels]
    return [magic, checksum([text] + sets), Array(number(text.count)), text] + sets
  }

  private static func number(_ count: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }

  private static func checksum(_ pieces: [[UInt8]]) -> [UInt8] {
    pieces.flatMap { $0.withUnsafeBytes(Compute.checksum) }.withUnsafeBytes(Compute.checksum)
  }

  /// Reads an entry.
  /// - Returns: nil if there is none, or if it is damaged
  init?(path: String, key: String) {
    do throws(DatasetError) {
      let file = try InputFile(FileName(path))
      var place = 0
      func next(_ count: Int) throws(DatasetError) -> [UInt8]? {
        guard count >= 0, count <= file.size - place else { return nil }
        defer { place += count }
        return try file.bytes(count, at: place)
      }
      guard try next(Self.magic.count) == Self.magic, let checksum = try next(Self.checksumLength),
        let length = try next(8).flatMap({ Bytes($0).number(0, 8) }), length <= Self.headerLimit,
        let text = try next(length), let header = try? JSONDecoder().decode(Header.self, from: Data(text)),
        header.key == key
      else { return nil }
      let shape = ImageShape(height: header.height, width: header.width, channels: header.channels)
      try DatasetLimits.check(shape, path)
      try DatasetLimits.checkCount(header.train, of: "images", path)
      try DatasetLimits.checkCount(header.test, of: "images", path)
      guard let trainPixels = try next(header.train * shape.count), let trainLabels = try next(header.train),
        let testPixels = try next(header.test * shape.count), let testLabels = try next(header.test),
        place == file.size, Self.checksum([text, trainPixels, trainLabels, testPixels, testLabels]) == checksum
      else { return nil }
      dataset = Self.dataset(
        header, LabeledImages(shape: shape, pixels: trainPixels, labels: trainLabels),
        LabeledImages(shape: shape, pixels: testPixels, labels: testLabels))
    } catch { return nil }
  }

  private static func dataset(_ header: Header, _ train: LabeledImages, _ test: LabeledImages) -> Dataset {
    var dataset = Dataset(
      name: header.name, classNames: header.classNames, train: train, test: test, notes: header.notes)
    dataset.conversion = header.conversion.flatMap { try? ImageConversion(parsing: $0) }
    dataset.damaged = header.damaged.compactMap(DatasetError.init)
    dataset.details = header.details
    return dataset
  }
}

extension DatasetError {
  /// The kind, the path and the reason.
  fileprivate var fields: [String] {
    switch self {
    case .missing(let path, let reason): ["missing", path, reason]
    case .damaged(let path, let reason): ["damaged", path, reason]
    case .inconsistent(let path, let reason): ["inconsistent", path, reason]
    case .wrongShape(let path, _, _): ["damaged", path, description]
    }
  }

  fileprivate init?(_ fields: [String]) {
    guard fields.count == 3 else { return nil }
    switch fields[0] {
    case "missing": self = .missing(path: fields[1], reason: fields[2])
    case "inconsistent": self = .inconsistent(path: fields[1], reason: fields[2])
    default: self = .damaged(path: fields[1], reason: fields[2])
    }
  }
}
