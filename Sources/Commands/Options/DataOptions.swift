internal import ArgumentParser
internal import Datasets

/// The options for a data set, and for the size and color of its images.
struct DataOptions: ParsableArguments {
  @OptionGroup var source: DataSourceOptions
  @OptionGroup var conversion: ConversionOptions

  var request: DataRequest {
    var request = source.request
    request.options.merge(conversion.values) { $1 }
    return request
  }
}

/// The options for the place of a data set, and for the reading of its files.
struct DataSourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Data set: \(FashionMNIST.name), or a folder or file.",
      discussion: """
        Formats: \(DatasetReaders.all.map(\.name).joined(separator: ", ")); see `atelier data --help`. Default: the \
        folder in the environment variable \(Dataset.environmentVariable), else \(FashionMNIST.name).
        """,
      valueName: "name|path"),
    completion: .file())
  var data: String?

  @Option(
    help: ArgumentHelp(
      """
      Damaged image files: skip leaves them out, and stop ends the command at the first one. Default: stop; data and \
      evaluate leave them out, and exit with status 65.
      """,
      valueName: "skip|stop"),
    completion: .list(["skip", "stop"]))
  var damaged: String?

  @Option(
    help: ArgumentHelp(
      "Fraction of the images that become test images, if the data set has no test set (default: 0.2).",
      valueName: "fraction"))
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Random seed of this split (default: 0). Images that are added later do not move others.", valueName: "n"))
  var splitSeed: String?

  @Option(
    help: ArgumentHelp(
      "Tables: column of the labels: its name, or first or last (default: label, class, target and similar names).",
      valueName: "column"))
  var label: String?

  @Option(
    help: ArgumentHelp(
      """
      NumPy: names of the arrays, if they are not the usual ones: images=NAME,labels=NAME, and for a test set \
      test-images=NAME,test-labels=NAME.
      """, valueName: "names"))
  var arrays: String?

  @Flag(help: "IDX files, arrays, tables: exchange the rows and columns of the images, as EMNIST requires.")
  var transpose = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Keep decoded images for the next command (default: --cache).",
      discussion: """
        Folder: the environment variable \(DatasetCache.environmentVariable), else ~/.cache/atelier/datasets; at most \
        \(DatasetCache.standardLimit >> 30) GiB.
        """))
  var cache: Bool?

  var request: DataRequest {
    let given: [(DatasetOptions.Name, String?)] = [
      (.damaged, damaged), (.test, test), (.splitSeed, splitSeed), (.label, label),
      (.arrays, arrays), (.transpose, transpose ? "true" : nil),
    ]
    return DataRequest(data: data, options: DatasetOptions.values(given), isCached: cache ?? true)
  }

  func validate() throws { try DatasetOptions.check(request.options) }
}

/// The options for the size and color of images.
struct ConversionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Size of the images in pixels: one side, or height and width (default: their own size; images of different sizes \
      get their median size, at most \(ImageSize.longestChosenSide)).
      """, valueName: "side|HxW"))
  var size: String?

  @Option(
    help: ArgumentHelp(
      """
      How an image gets another ratio of height to width: crop uses its center, pad adds background, stretch distorts \
      it (default: crop).
      """, valueName: "crop|pad|stretch"),
    completion: .list(ImageConversion.Fit.allCases.map(\.rawValue)))
  var fit: String?

  @Option(
    help: ArgumentHelp(
      "Channels of the images; auto means color if any image has color (default: auto).", valueName: "auto|gray|rgb"),
    completion: .list(ImageConversion.Color.allCases.map(\.rawValue)))
  var color: String?

  @Option(
    help: ArgumentHelp(
      "Color behind transparent and padded pixels: white, black, or a color such as #ffcc00 (default: white).",
      valueName: "color"))
  var background: String?

  /// The given values, by the names of the options.
  var values: [String: String] {
    DatasetOptions.values([(.size, size), (.fit, fit), (.color, color), (.background, background)])
  }

  func validate() throws { try DatasetOptions.check(values) }
}

extension DatasetOptions {
  fileprivate static func values(_ given: [(Name, String?)]) -> [String: String] {
    var values: [String: String] = [:]
    for (name, value) in given { values[name.rawValue] = value }
    return values
  }

  /// - Throws: `ValidationError` for the first invalid value
  fileprivate static func check(_ values: [String: String]) throws(ValidationError) {
    do { _ = try DatasetOptions(text: values) } catch { throw ValidationError("--\(error)") }
  }
}
