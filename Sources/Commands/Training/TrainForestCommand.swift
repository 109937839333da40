internal import ArgumentParser
internal import Models

struct TrainForestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forest",
    abstract: "Trains a random forest.",
    usage: "atelier train forest [<options>]",
    discussion: """
      The parameters and defaults are those of scikit-learn's RandomForestClassifier.

      Example:  atelier train forest --trees 300 --max-depth 20
      """)

  @OptionGroup var settings: ForestSettingOptions
  @OptionGroup var seed: SeedOption

  @Option(
    help: ArgumentHelp(
      "Training to resume: \(ResumableRun.help). The settings come from the unfinished forest.", valueName: "run"),
    completion: .directory)
  var resume: String?

  @OptionGroup var options: TrainOptions

  func validate() throws {
    let given = settings.givenNames + seed.givenNames
    if resume != nil, !given.isEmpty {
      throw ValidationError(
        "--resume takes the settings from the unfinished forest; leave out \(given.joined(separator: ", "))")
    }
  }

  func run() throws {
    if let resume { return try Self.resume(ResumableRun(resume, of: [.forest]), options) }
    try options.run(ModelSettings(.forest, settings.values.merging(seed.values) { $1 }))
  }

  /// Resumes a training. The model is written to the file of the interrupted training unless the user gives another.
  static func resume(_ run: ResumableRun, _ options: TrainOptions) throws {
    let (settings, model, dataDigest) = try UnfinishedForest.resume(run.path)
    if try options.printSettingsIfRequested(.forest(settings)) { return }
    try RunFolders.withLock(onModel: model) {
      try ResumableRun.check(.forest(settings), dataDigest: dataDigest, at: model)
      var options = options
      let (data, classNames) = try UnfinishedForest.data(of: run.path)
      options.data.data = options.data.data ?? data
      if let output = options.output.output { try UnfinishedForest.move(from: model, to: output) }
      options.output.output = options.output.output ?? model
      try options.run(.forest(settings), classes: (names: classNames, of: "the unfinished forest"))
    }
  }
}
