internal import ArgumentParser
internal import Foundation
internal import Models

/// The options that the training of all kinds of model has in common.
struct TrainOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var live: LiveOptions
  @OptionGroup var report: ReportOption
  @OptionGroup var json: JSONOptions

  func validate() throws {
    if report.report, output.output != nil {
      throw ValidationError(
        "--report and --output cannot be combined: the report is written to the folder of the run in runs/")
    }
    try DistinctFiles.check(["--output": output.output, "--json": json.json, "--events": cluster.events])
  }

  /// Fits a model, saves it, and prints the result.
  /// - Parameter classes: the classes that the data must have
  func run(_ settings: ModelSettings, classes: DataOptions.ClassNames? = nil) throws {
    try settings.check()
    try json.check()
    try with(settings.kind, classes: classes) { run in
      try finish(try output.withPath(settings.kind) { try run.fit(settings, savingTo: $0) }, of: run)
    }
  }

  /// Prints the result, and writes the report if requested.
  func finish(_ fit: FitReport, of run: TrainingRun) throws {
    let page = report.report ? try RunReport.write(ofRunWith: fit.file, run) : nil
    try json.write(fit, text: fit.text + (page.map { "\nreport    \($0)" } ?? ""))
  }

  /// Loads the data, starts workers and live page, calls `body`, and stops them.
  func with(
    _ kind: ModelKind, classes: DataOptions.ClassNames? = nil, _ body: (TrainingRun) throws -> Void
  ) throws {
    try live.withPage("Training: \(kind.rawValue)", compute) {
      try TrainingRun.with(data: data, compute: compute, cluster: cluster, classes: classes, body)
    }
  }
}
