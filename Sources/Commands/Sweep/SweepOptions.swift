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

extension ScoreMetric: ExpressibleByArgument {}
extension SuccessiveHalving.Resource: ExpressibleByArgument {}

/// What all sweeps have in common, however they are defined: who works, and what is shown.
struct SweepCommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Go on with the sweep of this run: its name, how it begins, or latest. It says what is searched.",
      valueName: "run"))
  var resume: String?

  @Option(help: ArgumentHelp("Show so many of the best.", valueName: "n"))
  var top = 10

  @Option(
    help: ArgumentHelp(
      """
      Workers that train a network together; the networks of several such teams are trained side by side. Never changes \
      a score.
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
    if top < 1 { throw ValidationError("--top must be 1 or more") }
    if workersPerTrial < 1 { throw ValidationError("--workers-per-trial must be 1 or more") }
  }

  /// Searches, one sweep after the other, and prints what was found.
  ///
  /// - Parameters:
  ///   - definitions: not looked at when a run is resumed.
  ///   - model: that a run must have searched to be resumed; nil: any
  ///   - rest: the command that does the sweeps from this one on, which is told when an earlier one stops, and when that has gone on
  func run(
    _ definitions: [SweepDefinition], of model: ModelKind? = nil, rest: (_ first: Int) -> String = { _ in "" }
  ) throws {
    try json.check()
    var reports: [SweepReport] = []
    var left: String?
    defer { if let left { compute.logger.warning("and then do the rest: \(left)") } }
    func add(_ report: SweepReport) throws {
      if definitions.count > 1 { try json.writeText(report.text(top: top) + "\n") }
      reports.append(report)
    }
    try live.withPage("Sweep", compute) {
      if let resume {
        let run = try find(resume, of: model)
        left = run.rest
        return try add(go(onWith: run.run))
      }
      for (number, definition) in definitions.enumerated() {
        left = number + 1 < definitions.count ? rest(number + 1) + dataWords : nil
        try add(start(definition, rest: left))
      }
    }
    if definitions.count > 1 {
      try json.write(reports)
    } else {
      try json.write(reports[0], text: reports[0].text(top: top))
    }
    if let incomplete = IncompleteSweep(reports) { throw incomplete }
    guard reports.allSatisfy(\.hasBest) else {
      throw SweepError("no configuration has a score; the table says why")
    }
  }

  /// As the user gave it, for a command that can be pasted into a shell.
  private var dataWords: String { data.data.map { " --data \(TrainingRun.shellWord($0))" } ?? "" }

  /// - Parameter rest: the command that does the sweeps after this one; it is kept, since this process may be killed
  private func start(_ definition: SweepDefinition, rest: String?) throws -> SweepReport {
    var definition = definition
    definition.data = data.data ?? definition.data
    return try withRunFolder { folder in
      try search(definition, name: String(folder.dropFirst(RunFolders.base.count + 1)), rest: rest)
    }
  }

  private typealias Resumable = (run: Run, definition: SweepDefinition)

  /// - Returns: a run that can go on, and the command that does what its file has after it, if nobody has begun with that
  private func find(_ resume: String, of model: ModelKind?) throws -> (run: Resumable, rest: String?) {
    let record = try RunFolders.record()
    let run = try RunFolders.find(resume, in: record)
    guard run.kind == "sweep",
      let definition = try? JSONDecoder().decode(SweepDefinition.self, from: Data(run.definition.utf8))
    else { throw SweepError("run \(run.name) is not a sweep that this version knows") }
    guard model == nil || model == definition.model else {
      throw SweepError("run \(run.name) searched \(definition.model.rawValue): atelier sweep --resume \(run.name)")
    }
    guard run.state != .running else { throw SweepError("run \(run.name) is still running, in another process") }
    // A run ends before the next one of its file begins; the process may have been killed between them.
    let isLast = try run.state != .finished || record.runs().first?.name == run.name
    return ((run, definition), isLast ? try record.document(String.self, as: RunFolders.restTitle, of: run.name) : nil)
  }

  private func go(onWith resumable: Resumable) throws -> SweepReport {
    let (run, definition) = resumable
    try FileManager.default.createDirectory(
      atPath: RunFolders.path(run.name), withIntermediateDirectories: true)
    var resumed = definition
    resumed.data = data.data ?? definition.data
    return try search(resumed, name: run.name, resuming: run)
  }

  /// - Parameter before: what the record has of this run, which goes on; nil: it begins
  private func search(
    _ definition: SweepDefinition, name: String, rest: String? = nil, resuming before: Run? = nil
  ) throws -> SweepReport {
    var data = data
    data.data = definition.data
    let record = try RunRecord(folder: RunFolders.base)
    return try TrainingRun.with(data: data, compute: compute, cluster: cluster) { run in
      if let before {
        guard before.dataDigest == run.dataDigest else {
          throw SweepError("run \(name) searched other data than \(run.dataset.name): its scores would not compare")
        }
        try record.goOn(name)
      } else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(definition), as: UTF8.self)
        guard
          try record.begin(
            Run(
              name: name, kind: "sweep", data: run.dataset.name, dataDigest: run.dataDigest, definition: text,
              version: atelierVersion))
        else { throw RunError("there is a run \(name) already") }
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
          compute.logger.notice("the report is \(page)")
        }
        return report
      } catch {
        StandardError.shared.showLive([])
        let isStopped = error is CancellationError
        try? record.end(name, isStopped ? .interrupted : .failed, reason: isStopped ? nil : "\(error)")
        compute.logger.warning("what is done is kept; go on with: atelier sweep --resume \(name)\(dataWords)")
        throw error
      }
    }
  }
}

/// A sweep that is defined on the command line.
struct SweepOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Judge each configuration by cross-validation over so many folds.", valueName: "n"))
  var folds: Int?

  @Option(
    help: ArgumentHelp("Judge by this fraction of each class instead, held out from the others.", valueName: "fraction")
  )
  var holdOut: Double?

  @Option(help: ArgumentHelp("Try so many configurations, drawn at random, and not all.", valueName: "n"))
  var draws: Int?

  @Option(
    help: ArgumentHelp(
      "Successive halving: begin with little of this (epochs, trees, images), and give the best more.",
      valueName: "resource"))
  var halving: SuccessiveHalving.Resource?

  @Option(help: ArgumentHelp("Of so many configurations, halving lets one go on (default: 3).", valueName: "n"))
  var factor: Int?

  @Option(help: ArgumentHelp("The resource of the first rung, at least (default: 1).", valueName: "n"))
  var minResource: Int?

  @Option(help: ArgumentHelp("The resource of the last rung.", valueName: "n"))
  var maxResource: Int?

  @Option(help: "What configurations are ranked by (default: \(ScoreMetric.accuracy)).")
  var scoring: ScoreMetric?

  @Option(help: ArgumentHelp("Search on so many training images only, the same share of each class.", valueName: "n"))
  var images: Int?

  @Option(help: ArgumentHelp("What all that is random follows from (default: 0).", valueName: "n"))
  var seed: UInt64?

  @Flag(inversion: .prefixedNo, help: "Fit the best on all training images at the end, and save it (default: --refit).")
  var refit: Bool?

  @OptionGroup var common: SweepCommonOptions

  func validate() throws {
    if common.resume != nil { try Self.checkResume(given) }
    if folds != nil, holdOut != nil { throw ValidationError("--folds and --hold-out exclude each other") }
    if draws != nil, halving != nil { throw ValidationError("--draws and --halving exclude each other") }
    if halving != nil, maxResource == nil { throw ValidationError("--halving needs --max-resource") }
    let belonging = [("--factor", factor), ("--min-resource", minResource), ("--max-resource", maxResource)]
    for (name, value) in belonging where value != nil && halving == nil {
      throw ValidationError("\(name) belongs to --halving")
    }
  }

  private var given: [String] {
    givenOptions([
      "folds": folds, "hold-out": holdOut, "draws": draws, "halving": halving, "factor": factor,
      "min-resource": minResource, "max-resource": maxResource, "scoring": scoring, "images": images, "seed": seed,
      "refit": refit,
    ])
  }

  private static func checkResume(_ given: [String]) throws(ValidationError) {
    guard given.isEmpty else {
      throw ValidationError(
        "--resume takes what is searched from the run; leave out \(given.joined(separator: ", "))")
    }
  }

  /// - Parameter values: by parameter, as the user wrote them; nil for those that are not given
  func run(_ kind: ModelKind, _ values: [String: String?]) throws {
    if common.resume != nil {
      try Self.checkResume(values.filter { $0.value != nil }.keys.sorted().map { "--\($0)" })
      return try common.run([], of: kind)
    }
    var space: [String: ParameterSpace.Values] = [:]
    for (name, text) in values {
      guard let text else { continue }
      space[name] = .list(Self.list(text, of: name))
    }
    var definition = SweepDefinition(kind, spaces: [ParameterSpace(space)])
    if let folds { definition.splits = .folds(folds) }
    if let holdOut { definition.splits = .holdOut(holdOut) }
    if let draws { definition.strategy = .random(draws) }
    if let halving, let maxResource {
      definition.strategy = .halving(
        SuccessiveHalving(resource: halving, factor: factor ?? 3, least: minResource ?? 1, most: maxResource))
    }
    (definition.scoring, definition.images) = (scoring ?? definition.scoring, images)
    (definition.seed, definition.refit) = (seed ?? definition.seed, refit ?? definition.refit)
    try definition.check()
    try common.run([definition])
  }

  /// Values have commas between, or semicolons where a value is itself a list.
  private static func list(_ text: String, of name: String) -> [String] {
    let isListed = ["filters", "dense", "augment"].contains(name)
    return text.split(separator: isListed ? ";" : ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }
}
