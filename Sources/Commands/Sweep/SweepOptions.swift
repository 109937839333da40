internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Launching
internal import Logging
internal import Models
internal import Pipeline
internal import Runs
internal import Selection

/// Options that all sweep commands have in common: data, workers and output.
struct SweepCommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sweep to resume: the name of its run, the beginning of the name, or latest. The search comes from the run.",
      valueName: "run"))
  var resume: String?

  @Option(help: ArgumentHelp("Number of the best configurations to print.", valueName: "n"))
  var top = 10

  @Option(
    help: ArgumentHelp(
      """
      Number of workers that train a network together, as a team; teams train different networks at the same time. \
      Never changes a score.
      """,
      valueName: "n"))
  var workersPerTrial = 1

  @OptionGroup var data: DataOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var live: LiveOptions
  @OptionGroup var report: ReportOption
  @OptionGroup var json: JSONOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    if workersPerTrial < 1 { throw ValidationError("--workers-per-trial must be at least 1, not \(workersPerTrial)") }
  }

  /// The options for data and workers, as the user gave them, as arguments of a shell command.
  private var shellArguments: String {
    data.request.shellArguments + cluster.shellArguments
      + (workersPerTrial > 1 ? " --workers-per-trial \(workersPerTrial)" : "")
  }

  /// Runs sweeps one after the other, and prints their results.
  ///
  /// - Parameters:
  ///   - definitions: the sweeps; ignored if a run is resumed
  ///   - model: the model that a resumed run must have searched; nil for any
  ///   - rest: returns the command that runs the sweeps from this one on; it is logged if an earlier sweep is stopped,
  ///     and when that sweep has been resumed
  func run(
    _ definitions: [SweepDefinition], of model: ModelKind? = nil, rest: (_ first: Int) -> String = { _ in "" }
  ) throws {
    if try cluster.workForLaunchedJob(compute) { return }
    try json.check()
    var reports: [SweepReport] = []
    var remaining: String?
    defer { if let remaining { compute.logger.warning("run the remaining sweeps with: \(remaining)") } }
    func add(_ report: SweepReport) throws {
      if definitions.count > 1 { try json.writeText(report.text(top: top) + "\n") }
      reports.append(report)
    }
    try live.withPage("Sweep", compute) {
      if let resume {
        let sweep = try RecordedSweep(resume, of: model)
        remaining = sweep.rest
        return try add(self.resume(sweep))
      }
      for (number, definition) in definitions.enumerated() {
        remaining = number + 1 < definitions.count ? rest(number + 1) + shellArguments : nil
        if let sweep = try runOfRestartedJob(given(over: definition)) {
          try add(self.resume(sweep))
        } else {
          try add(start(definition, rest: remaining))
        }
      }
    }
    if definitions.count > 1 {
      try json.write(reports)
    } else {
      try json.write(reports[0], text: reports[0].text(top: top))
    }
    if let incomplete = IncompleteSweep(reports) { throw incomplete }
    guard reports.allSatisfy(\.hasBest) else {
      throw SweepError("no configuration has a score; see the table for the reasons")
    }
  }

  /// Returns the run that a job has begun for a sweep, if its launcher has restarted the job; nil if there is none. A
  /// job may run several sweeps: their definitions identify the runs.
  private func runOfRestartedJob(_ definition: SweepDefinition) throws -> RecordedSweep? {
    guard let job = cluster.job, job.isRestart else { return nil }
    for run in RunFolders.standard.runs(named: job.job).reversed() where run.kind == "sweep" {
      let sweep = try RecordedSweep(run.name, of: nil)
      guard sweep.began(with: definition) else { continue }
      compute.logger.notice("\(job.launcher.rawValue) has restarted the job; resuming run \(run.name)")
      return sweep
    }
    return nil
  }

  /// - Parameter rest: the command that runs the remaining sweeps
  private func start(_ definition: SweepDefinition, rest: String?) throws -> SweepReport {
    let definition = given(over: definition)
    return try RunFolders.standard.withNewFolder(named: cluster.job?.job) { folder in
      try search(definition, name: String(folder.dropFirst(RunFolders.standard.base.count + 1)), rest: rest)
    }
  }

  private func resume(_ sweep: RecordedSweep) throws -> SweepReport {
    let definition = given(over: sweep.definition)
    return try sweep.withFolder { try search(definition, name: sweep.run.name, resuming: sweep) }
  }

  /// Returns the definition with the data that the user gave.
  private func given(over definition: SweepDefinition) -> SweepDefinition {
    var definition = definition
    let options = (definition.dataOptions ?? [:]).merging(data.request.options) { $1 }
    definition.data = data.source.data ?? definition.data
    definition.dataOptions = options.isEmpty ? nil : options
    return definition
  }

  private func search(
    _ definition: SweepDefinition, name: String, rest: String? = nil, resuming before: RecordedSweep? = nil
  ) throws -> SweepReport {
    let request = DataRequest(
      data: definition.data, options: definition.dataOptions ?? [:], isCached: data.request.isCached)
    let record = try RunRecord(folder: RunFolders.standard.base)
    StatusSocket.setFile(RunFolders.standard.path(name))
    return try TrainingRun.with(
      data: request, compute: compute, cluster: cluster,
      classes: before?.classNames.map { (names: $0, of: "run \(name)") },
      observer: CommandObserver(compute, arguments: shellArguments)
    ) { run in
      try SweepRun.perform(
        definition, name: name, record: record, run: run, workersPerTrial: workersPerTrial, resuming: before,
        rest: rest
      ) { found in
        if report.report, let page = try RunReport.write(ofRunWith: "\(found.folder)/results.csv", run, compute) {
          compute.logger.notice("report written to \(page)")
        }
      }
    }
  }
}

/// Options of a sweep that is defined on the command line.
struct SweepOptions: ParsableArguments {
  @OptionGroup var search: SearchOptions
  @OptionGroup var common: SweepCommonOptions

  func validate() throws {
    if common.resume != nil { try SearchOptions.checkResume(search.given) }
  }

  /// - Parameter definition: returns the sweep that the options define
  func run(_ kind: ModelKind, definition: () throws -> SweepDefinition) throws {
    if common.resume != nil { return try common.run([], of: kind) }
    try common.run([try definition()])
  }
}
