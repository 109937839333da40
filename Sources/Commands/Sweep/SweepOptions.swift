internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models
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
        let run = try find(resume, of: model)
        remaining = run.rest
        return try add(continueSweep(run.run))
      }
      for (number, definition) in definitions.enumerated() {
        remaining = number + 1 < definitions.count ? rest(number + 1) + dataArguments : nil
        try add(start(definition, rest: remaining))
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

  /// The `--data` option as the user gave it, as arguments of a shell command.
  private var dataArguments: String { data.data.map { " --data \(TrainingRun.shellWord($0))" } ?? "" }

  /// - Parameter rest: the command that runs the remaining sweeps; recorded, because this process may be killed
  private func start(_ definition: SweepDefinition, rest: String?) throws -> SweepReport {
    var definition = definition
    definition.data = data.data ?? definition.data
    return try withRunFolder { folder in
      try search(definition, name: String(folder.dropFirst(RunFolders.base.count + 1)), rest: rest)
    }
  }

  private typealias Resumable = (run: Run, definition: SweepDefinition)

  /// Finds a sweep that can be resumed.
  /// - Returns: the run, and the command that runs the remaining sweeps of its file, unless they have been started
  private func find(_ resume: String, of model: ModelKind?) throws -> (run: Resumable, rest: String?) {
    let record = try RunFolders.record()
    let run = try RunFolders.find(resume, in: record) { $0.kind == "sweep" }
    guard run.kind == "sweep",
      let definition = try? JSONDecoder().decode(SweepDefinition.self, from: Data(run.definition.utf8))
    else { throw SweepError("run \(run.name) is not a sweep, or was recorded by another version of Atelier") }
    // The record may come from an untrusted source.
    do { try definition.check() } catch {
      throw RunError("the record of run \(run.name) holds an invalid sweep: \(error)", kind: .damaged)
    }
    guard model == nil || model == definition.model else {
      throw SweepError(
        "run \(run.name) searched \(definition.model.rawValue); resume it with: atelier sweep --resume \(run.name)")
    }
    guard run.state != .running else {
      // Taking the lock fails with an error that names the other process.
      try RunFolders.withLock(on: run.name) {}
      throw RunError("run \(run.name) is still running in another process", kind: .busy)
    }
    // A run ends before the next one of its file begins; the process may have been killed in between.
    let isLast = try run.state != .finished || record.runs().first?.name == run.name
    return ((run, definition), isLast ? try record.document(String.self, as: RunFolders.restTitle, of: run.name) : nil)
  }

  private func continueSweep(_ resumable: Resumable) throws -> SweepReport {
    let (run, definition) = resumable
    try RunFolders.checkFolder(run.name)
    try FileManager.default.createDirectory(
      atPath: RunFolders.path(run.name), withIntermediateDirectories: true)
    var resumed = definition
    resumed.data = data.data ?? definition.data
    return try RunFolders.withLock(on: run.name) { try search(resumed, name: run.name, resuming: run) }
  }

  /// - Parameter before: the record of a run to resume; nil for a new run
  private func search(
    _ definition: SweepDefinition, name: String, rest: String? = nil, resuming before: Run? = nil
  ) throws -> SweepReport {
    var data = data
    data.data = definition.data
    let record = try RunRecord(folder: RunFolders.base)
    let classNames = try before.flatMap { run throws(RunError) in
      try record.document([String].self, as: RunFolders.classesTitle, of: run.name)
    }
    return try TrainingRun.with(
      data: data, compute: compute, cluster: cluster, classes: classNames.map { (names: $0, of: "run \(name)") }
    ) { run in
      // A run that is resumed has been resolved.
      let definition =
        before == nil
        ? try definition.resolved(imageCount: run.dataset.train.count, classCount: run.dataset.classCount) : definition
      if let before {
        guard before.dataDigest == run.dataDigest else {
          throw DatasetError.inconsistent(
            path: data.data ?? run.dataset.name,
            reason: """
              is not the data set of run \(name), which was \(before.data), \(before.dataDigest); specify that one \
              with --data, because scores on different data cannot be compared
              """)
        }
        try record.resume(name)
      } else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(definition), as: UTF8.self)
        guard
          try record.begin(
            Run(
              name: name, kind: "sweep", data: run.dataset.name, dataDigest: run.dataDigest, definition: text,
              version: atelierVersion))
        else { throw RunError("run \(name) exists already") }
        try record.keep(run.dataset.classNames, as: RunFolders.classesTitle, of: name)
        if let rest { try record.keep(rest, as: RunFolders.restTitle, of: name) }
      }
      do {
        let report = try SweepRun(
          definition, name: name, record: record, run: run, workersPerTrial: workersPerTrial
        ).report()
        try record.keep(report.summary, as: RunFolders.sweepTitle, of: name)
        try record.keep(run.cluster.timeline, as: RunFolders.timelineTitle, of: name)
        try record.keep(run.dataLocation, as: RunFolders.dataTitle, of: name)
        try record.end(name, .finished)
        if self.report.report, let page = try RunReport.write(ofRunWith: "\(RunFolders.path(name))/results.csv", run) {
          compute.logger.notice("report written to \(page)")
        }
        return report
      } catch {
        StandardError.shared.showLive([])
        let isStopped = error is CancellationError
        try? record.end(name, isStopped ? .interrupted : .failed, reason: isStopped ? nil : "\(error)")
        compute.logger.warning("completed fits are saved; resume with: atelier sweep --resume \(name)\(dataArguments)")
        throw error
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

  /// - Parameter values: the values of each given parameter, as the user wrote them
  func run(_ kind: ModelKind, _ values: [String: String]) throws {
    if common.resume != nil {
      try SearchOptions.checkResume(values.keys.sorted().map { "--\($0)" })
      return try common.run([], of: kind)
    }
    var space: [String: ParameterSpace.Values] = [:]
    for (name, text) in values { space[name] = .list(Self.list(text, of: kind.setting(name)!)) }
    var definition = SweepDefinition(kind, spaces: [ParameterSpace(space)])
    try search.overrides.apply(to: &definition)
    try definition.check()
    try common.run([definition])
  }

  /// Splits values at commas, or at semicolons if the values are lists themselves.
  private static func list(_ text: String, of setting: SettingFacts) -> [String] {
    text.split(separator: setting.values.kind == .list ? ";" : ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }
}
