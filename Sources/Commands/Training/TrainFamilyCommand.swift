internal import ArgumentParser
internal import Models
internal import Pipeline

/// Trains a model of a family: `atelier train NAME`.
struct TrainFamilyCommand<Family: ModelFamily>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Family.kind.rawValue, abstract: "Trains \(Family.noun).",
      usage: "atelier train \(Family.kind.rawValue) [<options>]", discussion: Family.discussion)
  }

  @OptionGroup var settings: SettingOptions<Family>
  @OptionGroup var training: TrainingOptions<Family>
  @OptionGroup var options: TrainOptions

  func validate() throws {
    guard let resume = training.resume else {
      do { _ = try modelSettings() } catch {
        throw ValidationError(training.attributing(settings.attributing("\(error)")))
      }
      return
    }
    let given = settings.givenNames + training.givenNames.filter { $0 != "--resume" }
    if !given.isEmpty {
      throw ValidationError(
        "--resume takes the settings from the unfinished training; leave out \(given.joined(separator: ", "))")
    }
    try DistinctFiles.check([
      "--resume": Family.isSynchronous ? CheckpointName.checkpoint(resume) : nil, "--output": options.output.output,
      "--json": options.json.json, "--events": options.cluster.events,
    ])
  }

  func run() throws {
    if try options.workForLaunchedJob() { return }
    if let resume = training.resume { return try ResumableRun(resume, of: [Family.kind]).resume(options) }
    let settings = try modelSettings()
    if let resume = options.runOfRestartedJob(settings) {
      return try ResumableRun(resume, of: [Family.kind]).resume(options)
    }
    try options.run(settings)
  }

  private func modelSettings() throws(ModelError) -> ModelSettings {
    try Family.settings(settings.values.merging(training.seed) { $1 }, preset: training.preset)
  }
}

extension ModelFamily {
  static var trainCommand: any ParsableCommand.Type { TrainFamilyCommand<Self>.self }
}
