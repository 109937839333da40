internal import Text

/// The summary of a data set that `atelier data` prints.
package struct DatasetSummary: Sendable, Codable, Equatable {
  /// The summary of the training images or the test images.
  package struct Part: Sendable, Codable, Equatable {
    package let images: Int
    /// The number of images of each class, by label.
    package let classCounts: [Int]
    /// The mean byte of each channel.
    package let mean: [Double]
    /// The standard deviation of each channel.
    package let deviation: [Double]
    /// The number of images that are identical to an earlier image of this part.
    package let duplicates: Int
  }

  package let name: String
  package let digest: String
  package let height: Int
  package let width: Int
  package let channels: Int
  package let classNames: [String]
  package let train: Part
  package let test: Part
  /// The number of test images that are identical to a training image.
  package let duplicatesAcross: Int
  /// What the reader found.
  package let details: DatasetDetails
  /// The conversion of the images, as text; nil: they are as stored.
  package let conversion: String?
  /// Sentences about the reading of the files that a user should know.
  package let notes: [String]
  /// Why image files were skipped: the file and the reason.
  package let damaged: [String]

  /// Summarizes a data set in one pass over its images.
  package init(_ dataset: Dataset) {
    name = dataset.name
    digest = dataset.digest
    (height, width, channels) = (dataset.shape.height, dataset.shape.width, dataset.shape.channels)
    classNames = dataset.classNames
    (details, notes) = (dataset.details, dataset.notes)
    conversion = dataset.conversion?.description
    damaged = dataset.damaged.map(\.description)
    let trainImages = DistinctImages(dataset.train)
    train = Part(dataset.train, classCount: dataset.classCount, duplicates: trainImages.duplicates.count)
    test = Part(
      dataset.test, classCount: dataset.classCount, duplicates: DistinctImages(dataset.test).duplicates.count)
    duplicatesAcross = (0..<dataset.test.count).count { trainImages.first(equalTo: dataset.test.pixels(of: $0)) != nil }
  }
}

extension DatasetSummary.Part {
  init(_ images: LabeledImages, classCount: Int, duplicates: Int) {
    var counts = [Int](repeating: 0, count: classCount)
    for label in images.labels { counts[Int(label)] += 1 }
    let statistics = ChannelStatistics(images)
    self.init(
      images: images.count, classCounts: counts, mean: statistics.mean, deviation: statistics.deviation,
      duplicates: duplicates)
  }
}

/// The mean and standard deviation of each channel's bytes, from exact integer sums.
package struct ChannelStatistics: Sendable, Equatable {
  package let mean: [Double]
  package let deviation: [Double]

  /// - Parameter selected: the images to measure; nil for all
  package init(_ images: LabeledImages, selected: [Int]? = nil) {
    let channels = images.shape.channels
    let size = images.shape.count
    var sums = [Int](repeating: 0, count: channels)
    var squares = [Int](repeating: 0, count: channels)
    images.pixels.withUnsafeBufferPointer { pixels in
      for place in 0..<(selected?.count ?? images.count) {
        let image = pixels.baseAddress! + (selected?[place] ?? place) * size
        for first in stride(from: 0, to: size, by: Self.block * channels) {
          for channel in 0..<channels {
            let count = min(Self.block, (size - first) / channels)
            let (sum, square) = Self.sums(image + first + channel, count: count, step: channels)
            sums[channel] += Int(sum)
            squares[channel] += Int(square)
          }
        }
      }
    }
    let count = Double(max((selected?.count ?? images.count) * size / channels, 1))
    mean = sums.map { Double($0) / count }
    deviation = zip(sums, squares).map { sum, square in
      let mean = Double(sum) / count
      return max(0, Double(square) / count - mean * mean).squareRoot()
    }
  }

  /// The number of bytes whose squares have a sum of less than 2^32, so that sums of 32 bits suffice.
  private static let block = 1 << 16

  /// Returns the sum of bytes, and that of their squares.
  /// - Parameters:
  ///   - bytes: ((count - 1) * step + 1)
  ///   - count: at most ``block``
  private static func sums(_ bytes: UnsafePointer<UInt8>, count: Int, step: Int) -> (sum: UInt32, square: UInt32) {
    var (sum, square) = (UInt32(0), UInt32(0))
    for index in 0..<count {
      let value = UInt32(bytes[index &* step])
      sum &+= value
      square &+= value &* value
    }
    return (sum, square)
  }
}

extension DatasetSummary: CustomStringConvertible {
  /// The most damaged files, and the most skipped ones, in the text.
  private static let mostListed = 20

  private var shape: ImageShape { ImageShape(height: height, width: width, channels: channels) }

  /// How the files were read: the format, the sizes, the conversion, and the files that were not used.
  package var reading: [(name: String, text: String)] {
    var lines: [(name: String, text: String)] = []
    if let reader = details.reader { lines.append(("format", reader)) }
    if let sizes = details.sizes { lines.append(("stored size", "\(sizes)")) }
    if let plan { lines.append(("conversion", plan)) }
    for note in notes { lines.append(("note", note.printable)) }
    if details.skippedCount > 0 {
      let names = details.skipped.prefix(Self.mostListed).map(\.printable)
      let more = details.skippedCount - names.count
      lines.append(("skipped", names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")))
    }
    for error in damaged.prefix(Self.mostListed) { lines.append(("damaged", error.printable)) }
    if damaged.count > Self.mostListed { lines.append(("damaged", "and \(damaged.count - Self.mostListed) more")) }
    return lines
  }

  /// The conversion in words.
  private var plan: String? {
    guard let conversion = conversion.flatMap({ try? ImageConversion(parsing: $0) }) else { return nil }
    let color = channels == 1 ? "gray" : "color (RGB)"
    guard let sizes = details.sizes, sizes.resized > 0 else { return "\(color), size kept" }
    return "\(color); \(counted(sizes.resized, "image")) of another size than \(shape.size) "
      + "\(sizes.resized == 1 ? "is" : "are") resized (fit: \(conversion.fit.rawValue))"
  }

  /// The summary as text.
  package var description: String {
    let longest = (classNames.map(\.count) + [5]).max()!
    func pad(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func rounded(_ values: [Double]) -> String {
      values.map { "\(($0 * 100).rounded() / 100)" }.joined(separator: ", ")
    }
    var lines = ["\(name): \(counted(classNames.count, "class", "classes")), images of \(shape)"]
    lines += reading.map { "\(pad($0.name, 15))  \($0.text)" }
    lines += [
      "", "\(pad("class", longest))  \(right("train", 7))  \(right("test", 7))",
    ]
    for (label, name) in classNames.enumerated() {
      lines.append(
        "\(pad(name, longest))  \(right("\(train.classCounts[label])", 7))  \(right("\(test.classCounts[label])", 7))")
    }
    lines += [
      "\(pad("all", longest))  \(right("\(train.images)", 7))  \(right("\(test.images)", 7))", "",
      "mean pixel       train \(rounded(train.mean)), test \(rounded(test.mean))",
      "deviation        train \(rounded(train.deviation)), test \(rounded(test.deviation))",
      "duplicates       within train \(train.duplicates), within test \(test.duplicates), "
        + "test images also in train \(duplicatesAcross)",
      "sha256           \(digest)",
    ]
    return lines.joined(separator: "\n")
  }
}
