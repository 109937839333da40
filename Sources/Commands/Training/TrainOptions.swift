internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Launching
internal import Logging
internal import Models
internal import Pipeline
internal import Runs

/// The options that the training of all kinds of model has in common.
struct TrainOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var live: LiveOptions
  @OptionGroup var report: ReportOption
  @OptionGroup var json: JSONOptions

  @Flag(help: "Print the settings, including those that have their defaults, and exit.")
  var printConfig = false

  func validate() throws {
    if report.report, output.output != nil {
      throw ValidationError(
        "--report and --output cannot be combined: the report is written to the folder of the run in runs/")
    }
    try DistinctFiles.check(["--output": output.output, "--json": json.json, "--events": cluster.events])
  }

  /// Works for the coordinator of a launched job if this process is not its process 0, which alone prints settings.
  /// - Returns: whether there is nothing else to do
  func workForLaunchedJob() throws -> Bool {
    if printConfig, let job = cluster.job { return job.rank > 0 }
    return try cluster.workForLaunchedJob(compute)
  }

  /// Fits a model, saves it, and prints the result.
  /// - Parameters:
  ///   - saved: the data set of the training that is resumed
  ///   - classes: the classes that the data must have
  ///   - check: called before the fit
  func run(
    _ settings: ModelSettings, on saved: DatasetSource? = nil, classes: DataRequest.ClassNames? = nil,
    check: (TrainingRun) throws -> Void = { _ in }
  ) throws {
    try json.check()
    if try printSettingsIfRequested(settings) { return }
    try with(settings.kind, on: saved, classes: classes) { run in
      try check(run)
      let fit = try output.withPath(settings.kind, run: cluster.job?.job) { try run.fit(settings, savingTo: $0) }
      try finish(fit, of: run)
    }
  }

  /// Returns the training to resume if a launcher has restarted its job: the file or the run that the job has begun;
  /// nil if it has saved nothing. A job may train several models: the settings identify the run.
  func runOfRestartedJob(_ settings: ModelSettings) -> String? {
    guard let job = cluster.job, job.isRestart else { return nil }
    let run = RunFolders.standard.runs(named: job.job).last { $0.definition == settings.definition }
    let place = output.output ?? run.map { RunFolders.standard.path($0.name) }
    guard let found = place.flatMap(ResumableRun.progress) else { return nil }
    compute.logger.notice("\(job.launcher.rawValue) has restarted the job; resuming \(found)")
    return found
  }

  /// - Returns: whether the user asked for the settings instead of a training; they are printed then
  func printSettingsIfRequested(_ settings: ModelSettings) throws -> Bool {
    guard printConfig else { return false }
    try json.write(settings.text, text: settings.text.sorted { $0 < $1 }.map { "\($0): \($1)" }.joined(separator: "\n"))
    return true
  }

  /// Prints the result, and writes the report if requested.
  func finish(_ fit: FitReport, of run: TrainingRun) throws {
    let page = report.report ? try RunReport.write(ofRunWith: fit.file, run, compute) : nil
    try json.write(fit, text: fit.text + (page.map { "\nreport    \($0)" } ?? ""))
  }

  /// Loads the data, starts workers and live page, calls `body`, and stops them.
  func with(
    _ kind: ModelKind, on saved: DatasetSource? = nil, classes: DataRequest.ClassNames? = nil,
    _ body: (TrainingRun) throws -> Void
  ) throws {
    try live.withPage("Training: \(kind.rawValue)", compute) {
      let observer = CommandObserver(compute, arguments: data.request.shellArguments + cluster.shellArguments)
      try TrainingRun.with(
        data: data.request.completed(by: saved), compute: compute, cluster: cluster, classes: classes,
        observer: observer, body)
    }
  }
}
