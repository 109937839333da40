internal import Foundation
internal import Text

/// WebDataset: tar files in which the files of a sample follow each other and share their names up to the first dot: an
/// image (`KEY.jpg`) and its label (`KEY.cls`, or a field of `KEY.json`).
struct WebDatasetReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "WebDataset files"
  let summary =
    "tar files of samples, each an image KEY.jpg (or .png, .webp, .pgm) and its label KEY.cls or KEY.json; several in "
    + "a folder, or named by a pattern such as train-{000..003}.tar."
  let files = ["*.tar"]

  private static let labelEndings = ["cls", "json"]
  /// The fields of `KEY.json` that can have the label.
  private static let labelFields = PixelTable.labelColumns + ["cls"]
  private static let labelSize = 1 << 20
  /// The entries of the first archive that determine whether it is a WebDataset.
  private static let entriesToRecognize = 64

  func recognizes(_ location: DatasetLocation) -> Bool {
    guard let first = ArchiveReader.archives(at: location).first, !first.hasEnding(["zip"]),
      let stream = try? ArchiveStream(first)
    else { return false }
    var (images, labels): (Set<FileName>, Set<FileName>) = ([], [])
    for _ in 0..<Self.entriesToRecognize {
      guard let entry = try? stream.next() else { break }
      guard entry.kind == .file, let key = entry.name.sampleKey else { continue }
      if entry.name.hasEnding(decoders.endings) { images.insert(key) }
      if entry.name.hasEnding(Self.labelEndings) { labels.insert(key) }
    }
    return !images.isDisjoint(with: labels)
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) -> [FileName]? {
    ArchiveReader.archives(at: location)
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let paths = ArchiveReader.archives(at: location)
    var (entries, archives): ([LabeledFileList.Entry], [ArchiveFiles.Archive]) = ([], [])
    var others = Others()
    // Names are distinguished by those of the shards, or by their paths if shards of several folders have one name.
    let areDistinct = Set(paths.map(\.last)).count == paths.count
    for path in paths {
      let place = areDistinct ? path.last : FileName(Array(path.bytes.drop { $0 == UInt8(ascii: "/") }))
      let archive = ArchiveFiles.Archive(path: path, place: paths.count == 1 ? nil : place)
      entries += try samples(of: archive, DatasetPart(namedIn: path.last), &others)
      archives.append(archive)
    }
    let root = paths.count == 1 ? paths[0] : location.entries == nil ? paths[0].folder : FileName(location.path)
    let images = ArchiveFiles(root: root ?? FileName("."), archives: archives)
    return try LabeledFileList(entries: entries, origin: .archives, path: location.path).dataset(
      location.stem, images, options, decoders, notes: others.notes)
  }

  /// Files that are not used.
  private struct Others {
    var files: [FileName] = []
    var unlabeled: [FileName] = []

    var notes: [String] {
      var notes: [String] = []
      if !files.isEmpty {
        let kinds =
          files.count == 1
          ? "file that is neither image nor label was" : "files that are neither images nor labels were"
        notes.append("\(files.count) \(kinds) skipped: \(files.firstNames)")
      }
      if !unlabeled.isEmpty {
        let images = unlabeled.count == 1 ? "image without a label was" : "images without labels were"
        notes.append("\(unlabeled.count) \(images) skipped: \(unlabeled.firstNames)")
      }
      return notes
    }
  }

  /// Returns the samples of an archive, in the order of their images.
  private func samples(
    of archive: ArchiveFiles.Archive, _ part: DatasetPart?, _ others: inout Others
  ) throws(DatasetError) -> [LabeledFileList.Entry] {
    var images: [(key: FileName, name: FileName)] = []
    var keys: Set<FileName> = []
    var labels: [FileName: String] = [:]
    let stream = try ArchiveStream(archive.path)
    while let entry = try stream.next() {
      guard entry.kind == .file, !ImageFolder.isJunk(entry.name.last) else { continue }
      guard let key = entry.name.sampleKey else {
        others.files.append(entry.name)
        continue
      }
      if entry.name.hasEnding(decoders.endings) {
        guard keys.insert(key).inserted else {
          throw .inconsistent(
            path: archive.path.shown, reason: "the sample \(key.shown) has several images; expected one")
        }
        images.append((key, archive.name(of: entry.name)!))
      } else if let label = try label(stream, entry.name, archive.path) {
        // KEY.cls is the label whatever KEY.json holds.
        if entry.name.hasEnding(["cls"]) || labels[key] == nil { labels[key] = label }
      } else {
        others.files.append(entry.name)
      }
    }
    others.unlabeled += images.filter { labels[$0.key] == nil }.map(\.name)
    return images.compactMap { image in
      labels[image.key].map { LabeledFileList.Entry(name: image.name, label: $0, part: part) }
    }
  }

  /// Returns the label in the current entry; nil if this is not a file with a label.
  private func label(
    _ stream: ArchiveStream, _ name: FileName, _ archive: FileName
  ) throws(DatasetError) -> String? {
    guard name.hasEnding(Self.labelEndings) else { return nil }
    let content = try stream.content(limit: Self.labelSize)
    let text = name.hasEnding(["cls"]) ? String(validating: content, as: UTF8.self) : Self.field(of: content)
    if text == nil, name.hasEnding(["json"]) { return nil }
    let label = text?.trimmingCharacters(in: .whitespacesAndNewlines).precomposedStringWithCanonicalMapping
    guard let label, !label.isEmpty, !label.hasControlCharacters else {
      throw .damaged(path: (archive / name).shown, reason: "is not the number or name of a class, as text in UTF-8")
    }
    return label
  }

  /// Returns the label in a JSON text: the text itself, or one of its fields.
  private static func field(of json: [UInt8]) -> String? {
    let value = try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed)
    let found =
      (value as? [String: Any]).flatMap { fields in labelFields.lazy.compactMap { fields[$0] }.first } ?? value
    if let text = found as? String { return text }
    return (found as? NSNumber).flatMap { Int(exactly: $0.doubleValue) }.map(String.init)
  }
}

extension FileName {
  /// The name up to the first dot after the last slash; nil if there is no dot, or nothing before it.
  fileprivate var sampleKey: FileName? {
    let start = bytes.count - last.bytes.count
    guard let dot = bytes[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else { return nil }
    return FileName(Array(bytes[..<dot]))
  }
}
