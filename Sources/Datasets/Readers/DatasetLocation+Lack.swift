internal import Text

/// What a place that no reader recognizes lacks, for errors.
extension DatasetLocation {
  /// Endings of data that no reader reads, and what to do with it.
  private static let unsupported: [(endings: [String], advice: String)] = [
    (["parquet"], "convert Parquet to tar with deploy/convert/parquet-to-tar"),
    (["7z", "rar"], "unpack the archive, or pack its content as zip or tar"),
    (
      ["arrow", "h5", "hdf5", "mat", "pickle", "pkl", "pt", "pth", "tfrecord"],
      "save the images and labels as NumPy arrays with numpy.savez"
    ),
  ]
  /// The levels of folders, and the most names on each, that are searched for files.
  private static let search = (depth: 4, names: 1000)

  /// The folders at this place, without system files.
  var folders: [FileName] {
    (entries ?? []).filter { !ImageFolder.isJunk($0) }.map { FileName(path) / $0 }.filter(\.isFolder)
  }

  /// Returns what this place lacks to be a data set; nil if its files do not show it.
  /// - Parameter decoders: the formats of images
  func lack(_ decoders: [any ImageDecoder]) -> String? {
    guard let entries else { return lackOfFile(decoders) }
    if entries.contains(where: { $0.hasEnding(decoders.endings) }) {
      return "holds images, but no folders of classes; move the images of each class to a folder of its own, or list "
        + "them in a CSV file with the columns path and label"
    }
    let files = self.files
    let names = Set(files.map(\.last))
    let pythonFiles = [["data_batch_1"], ["meta", "train", "test"]].map { $0.map { FileName($0) } }
    if pythonFiles.contains(where: { names.isSuperset(of: $0) }) {
      return "holds the Python version of CIFAR; use the binary version, for example cifar-10-binary.tar.gz, unpacked"
    }
    if let image = files.first(where: \.isUnsupportedImage) {
      return "holds images of a format that is not supported (\(image.shown)); convert them to PNG or JPEG"
    }
    for (endings, advice) in Self.unsupported {
      guard let file = files.first(where: { $0.hasEnding(endings) }) else { continue }
      return "holds files of a format that is not supported (\(file.shown)); \(advice)"
    }
    for file in files where !file.last.bytes.contains(UInt8(ascii: ".")) {
      guard let start = try? InputFile(FileName(path) / file).start(512),
        let decoder = decoders.first(where: { $0.recognizes(start) })
      else { continue }
      return "holds images whose names have no ending (\(file.shown)); add it, as in "
        + "\(file.last.shown).\(decoder.endings[0])"
    }
    return nil
  }

  private func lackOfFile(_ decoders: [any ImageDecoder]) -> String? {
    let file = FileName(path)
    if decoders.contains(where: { $0.recognizes(start) }) {
      return "is one image; a data set is a folder with a folder of images for each class, or a CSV file with the "
        + "columns path and label"
    }
    if file.hasEnding(["npy"]) || start.starts(with: [0, 0, 8]) || file.last.shown.contains("-ubyte") {
      return "is one file of a data set; use the folder that holds its images and labels"
    }
    let format = Self.unsupported.first { file.hasEnding($0.endings) }
    return format.map { "has a format that is not supported; \($0.advice)" }
  }

  /// The first files in the folder and in those below it, relative to it.
  private var files: [FileName] {
    var (files, folders): ([FileName], [FileName?]) = ([], [nil])
    let root = FileName(path)
    func content(of folder: FileName?) -> [FileName] {
      guard let folder else { return root.entries ?? [] }
      return ((root / folder).entries ?? []).map { folder / $0 }
    }
    for _ in 0..<Self.search.depth {
      let names = folders.lazy.flatMap(content).prefix(Self.search.names)
      folders = []
      for name in names {
        if (root / name).isFolder { folders.append(name) } else { files.append(name) }
      }
    }
    return files
  }
}
