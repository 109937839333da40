internal import Text

/// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
/// 2009): records of one label, or a coarse and a fine one, and the red, green and blue planes of an image of 32x32.
struct CIFARReader: DatasetReader {
  let name = "CIFAR files"
  let summary =
    "the binary version of CIFAR-10, or of CIFAR-100 (train.bin, test.bin) with its 100 classes; beside them, "
    + "batches.meta.txt or fine_label_names.txt lists the class names."
  let files = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]

  private static let shape = ImageShape(height: 32, width: 32, channels: 3)

  func recognizes(_ location: DatasetLocation) -> Bool {
    let entries = location.entries ?? []
    return files.contains { entries.contains(FileName($0)) } || Self.isHundred(location)
  }

  /// Whether there is `test.bin`, a common name, with another file of CIFAR-100.
  private static func isHundred(_ location: DatasetLocation) -> Bool {
    let entries = location.entries ?? []
    return entries.contains(FileName("test.bin"))
      && ["train.bin", "fine_label_names.txt"].contains { entries.contains(FileName($0)) }
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let entries = location.entries ?? []
    let isTen = files.contains { entries.contains(FileName($0)) }
    var parts = isTen ? [Array(files.dropLast()), [files[5]]] : [["train.bin"], ["test.bin"]]
    let names = try Self.classNames(location, isTen ? "batches.meta.txt" : "fine_label_names.txt", isTen ? 10 : 100)
    // Images that are only evaluated need no training images beside them.
    if options.isForEvaluation, !parts[0].contains(where: { entries.contains(FileName($0)) }) { parts[0] = [] }
    var sets: [LabeledImages] = []
    for part in parts {
      var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
      for file in part {
        try Self.read("\(location.path)/\(file)", labelCount: isTen ? 1 : 2, names.count, &pixels, &labels)
      }
      sets.append(LabeledImages(shape: Self.shape, pixels: pixels, labels: labels))
    }
    return Dataset(name: location.name, classNames: names, train: sets[0], test: sets[1])
  }

  /// Appends the images of one file.
  /// - Parameter labelCount: the number of labels in a record, of which the last one counts
  private static func read(
    _ path: String, labelCount: Int, _ classCount: Int, _ pixels: inout [UInt8], _ labels: inout [UInt8]
  ) throws(DatasetError) {
    let source = try ByteSource(path: path)
    let plane = shape.height * shape.width
    let recordLength = labelCount + shape.count
    let before = labels.count
    while true {
      let records = try source.read(atMost: recordLength * 1000)
      guard records.count.isMultiple(of: recordLength) else {
        throw .damaged(path: path, reason: "ends too early: records of \(recordLength) bytes expected")
      }
      if records.isEmpty { break }
      try DatasetLimits.checkMemory(pixels.count + records.count, path)
      for record in stride(from: 0, to: records.count, by: recordLength) {
        let label = records[record + labelCount - 1]
        guard label < classCount else {
          throw .damaged(path: path, reason: DatasetLimits.outOfRange(label, image: labels.count - before, classCount))
        }
        labels.append(label)
        let red = record + labelCount
        for pixel in red..<red + plane {
          pixels.append(records[pixel])
          pixels.append(records[pixel + plane])
          pixels.append(records[pixel + 2 * plane])
        }
      }
    }
    guard labels.count > before else { throw .damaged(path: path, reason: "holds no images") }
  }

  /// Reads the class names; numbers if there is no such file.
  private static func classNames(
    _ location: DatasetLocation, _ file: String, _ count: Int
  ) throws(DatasetError) -> [String] {
    let path = "\(location.path)/\(file)"
    guard FileName(path).exists else { return (0..<count).map(String.init) }
    guard let text = String(validating: try FileName(path).contents(limit: 1 << 16), as: UTF8.self) else {
      throw .damaged(path: path, reason: "is not a text file in UTF-8, one class name per line")
    }
    let names = text.split(whereSeparator: \.isNewline).map(String.init)
    try DatasetLimits.checkNames(names, path)
    guard names.count == count else {
      throw .damaged(path: path, reason: "holds \(counted(names.count, "class name")); expected \(count)")
    }
    return names
  }
}
