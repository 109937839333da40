internal import Compute
internal import Datasets
internal import Foundation
internal import Logging
internal import Progress
internal import Text

/// The data set that a command uses, and how it is read: the options that the user gave, completed by saved ones.
struct DataRequest {
  /// The value of `--data`.
  var data: String?
  /// Values by the names of ``DatasetOptions/text``.
  var options: [String: String]
  /// Whether decoded images are kept for the next command.
  var isCached = true
  /// Whether the images are only evaluated; see ``DatasetOptions/isForEvaluation``.
  var isForEvaluation = false

  /// Class names by label, and what they belong to, for errors: "the model".
  typealias ClassNames = (names: [String], of: String)

  /// Whether the data set is a list on standard input.
  var isStandardInput: Bool { data == "-" }

  /// The name of the data set, or the absolute path of its folder or file: an argument for `--data` in any folder.
  private var location: String {
    if data == FashionMNIST.name { return FashionMNIST.name }
    let environment = ProcessInfo.processInfo.environment[Dataset.environmentVariable] ?? ""
    guard let folder = data ?? (environment.isEmpty ? nil : environment) else { return FashionMNIST.name }
    return URL(fileURLWithPath: folder).path
  }

  var source: DatasetSource { DatasetSource(location, options: options) }

  /// The options as arguments, with an absolute path.
  var absoluteArguments: [String] { ["--data", location] + optionArguments }

  /// The options as the user gave them, as arguments of a shell command.
  var shellArguments: String {
    ((data.map { ["--data", $0] } ?? []) + optionArguments).map { " \($0.shellWord)" }.joined()
  }

  private var optionArguments: [String] {
    DatasetOptions.Name.allCases.flatMap { name -> [String] in
      guard let value = options[name.rawValue] else { return [] }
      if name == .transpose { return value == "true" ? ["--\(name.rawValue)"] : [] }
      return ["--\(name.rawValue)", value]
    }
  }

  /// Returns the request with saved values in place of those that the user did not give.
  func completed(by saved: DatasetSource?) -> DataRequest {
    var request = self
    request.data = data ?? saved?.location
    request.options = (saved?.options ?? [:]).merging(options) { $1 }
    return request
  }

  /// Skips damaged images, unless the user says what to do with them.
  /// - Returns: what the user says; nil if nothing
  mutating func skipDamagedByDefault() -> String? {
    let name = DatasetOptions.Name.damaged.rawValue
    defer { options[name] = options[name] ?? DatasetOptions.Damaged.skip.rawValue }
    return options[name]
  }

  /// Loads the data set, and logs its notes as warnings. A signal ends the process at once meanwhile.
  /// - Parameters:
  ///   - classes: the classes that the data set must have, whatever their labels; they are reordered to match
  ///   - conversion: the conversion of a model, which replaces that of the options; nil: that of the options
  ///   - logsNotes: whether the notes are logged
  /// - Throws: ``DatasetError``, also if the classes are others
  func load(
    _ compute: ComputeOptions, classes: ClassNames? = nil, conversion: ImageConversion? = nil,
    logsNotes: Bool = true
  ) throws(DatasetError) -> Dataset {
    var options: DatasetOptions
    do throws(DatasetOptionError) { options = try DatasetOptions(text: self.options) } catch {
      throw .damaged(path: location, reason: "cannot be read with the option \(error)")
    }
    options.conversion = conversion ?? options.conversion
    options.threads = compute.threads
    options.cache = isCached ? DatasetCache.chosen() : nil
    options.isForEvaluation = isForEvaluation
    let list = isStandardInput ? try StandardInputList.read() : nil
    let progress = LoadingProgress(compute)
    options.progress = { progress.report($0, of: $1) }
    var dataset = try Interruption.unwatched { () throws(DatasetError) in
      if let list { return try Dataset.load(list: list, named: StandardInputList.name, options: options) }
      return try data == FashionMNIST.name
        ? Dataset.load(name: data, options: options) : Dataset.load(directory: data, options: options)
    }
    progress.end()
    if let classes {
      dataset = try dataset.matchingClasses(classes.names, of: classes.of, allowsMissing: conversion != nil)
    }
    for note in dataset.notes where logsNotes { compute.logger.warning("\(dataset.name): \(note.printable)") }
    if conversion != nil, let sizes = dataset.details.sizes, sizes.resized > 0 {
      compute.logger.info(
        """
        \(dataset.name): \(counted(sizes.resized, "image")) of \(sizes) \(sizes.resized == 1 ? "was" : "were") resized \
        to \(dataset.shape.size) as in the training
        """)
    }
    return dataset
  }
}

/// The progress of reading image files.
private final class LoadingProgress: @unchecked Sendable {  // used only by the thread that loads a data set
  private let reporter: ProgressReporter
  private let logger: Logger
  private let start = ContinuousClock.now
  private let processorStart = LoadingProgress.processorSeconds
  private var count = 0

  /// Shorter loading is not logged.
  private static let shortest = 1.0

  init(_ options: ComputeOptions) {
    reporter = ProgressReporter("reading images", options: options)
    logger = options.logger
  }

  func report(_ done: Int, of total: Int) {
    count = done
    _ = reporter.report(FitProgress(done: done, total: total, unit: .images))
  }

  /// Ends the display, and logs the duration of a long loading.
  func end() {
    reporter.end()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard count > 0, seconds >= Self.shortest else { return }
    let cores = (Self.processorSeconds - processorStart) / seconds
    logger.info(
      """
      \(counted(count, "image file")) read in \(formatted(seconds, digits: 1)) s, \
      \(formatted(cores, digits: 1)) cores busy
      """)
  }

  /// The processor time of this process.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
