import Datasets
import Testing

/// The conversion of data sets whose files are not image files.
@Suite struct DatasetConversionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(_ change: (inout DatasetOptions) -> Void = { _ in }) throws -> Dataset {
    var options = DatasetOptions()
    change(&options)
    return try Dataset.load(directory: folder.path, options: options)
  }

  private func images(_ set: LabeledImages) -> [RasterImage] {
    (0..<set.count).map { RasterImage(shape: set.shape, pixels: Array(set.pixels(of: $0))) }
  }

  @Test(arguments: [1, 3]) func arraysAreConverted(channels: Int) throws {
    try folder.writeIDXSet(channels: channels)
    let stored = try load()
    let size = ImageSize(height: 5, width: 6)
    #expect(stored.conversion == ImageConversion(color: channels == 3 ? .rgb : .gray, size: size))
    for color in [ImageConversion.Color.gray, .rgb] {
      let conversion = ImageConversion(color: color, size: ImageSize(height: 3, width: 8), fit: .pad)
      let dataset = try load { $0.conversion = conversion }
      #expect(dataset.train.pixels == images(stored.train).flatMap { conversion.image($0).pixels })
      #expect(dataset.test.pixels == images(stored.test).flatMap { conversion.image($0).pixels })
      #expect(dataset.conversion == conversion && dataset.train.labels == stored.train.labels)
      let recolored = try load { $0.conversion.color = color }
      #expect(recolored.shape == ImageShape(height: 5, width: 6, channels: color == .rgb ? 3 : 1))
    }
  }

  @Test(arguments: [1, 3]) func rowsAndColumnsAreExchanged(channels: Int) throws {
    try folder.writeIDXSet(channels: channels)
    let (stored, transposed) = (try load(), try load { $0.isTransposed = true })
    #expect(transposed.shape == ImageShape(height: 6, width: 5, channels: channels))
    for (y, x, channel) in [(0, 0, 0), (2, 5, 0), (4, 1, channels - 1)] {
      #expect(
        transposed.test.pixels[(x * 5 + y) * channels + channel] == stored.test.pixels[(y * 6 + x) * channels + channel]
      )
    }
  }

  @Test func builtInDataSetIsConverted() throws {
    var options = DatasetOptions()
    options.conversion.size = ImageSize(height: 14, width: 14)
    let dataset = try Dataset.load(directory: FashionMNIST.systemFolder, options: options)
    #expect(dataset.name == FashionMNIST.name && dataset.classNames == FashionMNIST.classNames)
    #expect(dataset.shape.size == options.conversion.size)
  }
}
