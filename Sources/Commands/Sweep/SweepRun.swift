internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Logging
internal import Models
internal import Reports
internal import Runs
internal import Selection

/// A sweep on its way: what is done is on disk before it counts, so that it can go on wherever it was stopped.
final class SweepRun {
  private let definition: SweepDefinition
  private var run: TrainingRun
  /// Of networks: how many workers train each; nil if whoever fits does it alone.
  private let team: Int?
  private let record: RunRecord
  /// Under which the record has it, and the folder of its files.
  private let name: String
  private var folder: String { RunFolders.path(name) }
  private var search: SweepSearch
  /// What is divided: whoever fits need not have more.
  private let images: LabeledImages
  private var progress = SweepProgress()
  /// Planned for training by teams, and not begun; the next is the last.
  private var pending: [Int] = []
  private var loggedKnownCount = 0
  private var logger: Logger { run.options.logger }
  /// When the live page was last told.
  private var shown = ContinuousClock.now

  init(
    _ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun, workersPerTrial: Int
  ) throws {
    (self.definition, self.name, self.record, self.run) = (definition, name, record, run)
    team = workersPerTrial > 1 && definition.model == .cnn ? workersPerTrial : nil
    // It goes on with the sweep.
    self.run.logsResumeCommand = false
    var known = KnownFits(dataDigest: run.dataDigest, splits: definition.splits, seed: definition.seed)
    for (key, payload) in try record.tasks(of: name) where !known.add(payload) {
      throw RunError(
        """
        \(record.path): the scores of run \(name), task \(key), are in a format that this version of Atelier does not \
        read. Resume the run with the version that wrote it, or start it again
        """, kind: .damaged)
    }
    search = try SweepSearch(definition, known: known)
    images = DataSplits.part(of: run.dataset.train, atMost: search.images, seed: definition.seed)
    let count = search.configurations.count
    if case .random(let samples) = definition.strategy, count < samples {
      logger.warning(
        """
        the search space has only \(counted(count, "distinct configuration")), or hardly any more, where \(samples) are to be \
        sampled: \(count == 1 ? "it is" : "all \(count) are") searched
        """)
    }
    let searched = Self.smallestImageCount(definition).map {
      DataSplits.part(of: images, atMost: $0, seed: definition.seed)
    }
    for warning in definition.splits.warnings(
      of: (searched ?? images).labels, classNames: run.dataset.classNames)
    { logger.warning("\(warning)") }
  }

  /// Of a halving of images, those of the first rung.
  private static func smallestImageCount(_ definition: SweepDefinition) -> Int? {
    guard case .halving(let halving) = definition.strategy, halving.resource == .images else { return nil }
    return halving.rungs.first
  }

  /// Searches, writes the tables, and fits the best on all training images.
  func report() throws -> SweepReport {
    let start = ContinuousClock.now
    try fit()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let table = SweepTable(search.rows, metric: definition.scoring, splits: definition.splits.count)
    let files = table.files
    for (file, text) in [("results.csv", files.csv), ("scores.csv", files.scores), ("results.json", files.json + "\n")]
    {
      try FileReplacement.write([Array(text.utf8)], to: "\(folder)/\(file)")
    }
    let model = definition.refit ? try table.best.map { try refit($0.configuration) } : nil
    return SweepReport(
      folder: folder, searchSeconds: seconds, summary: SweepSummary(table, of: definition.model), model: model,
      quarantined: search.quarantined.map(QuarantinedFit.init))
  }

  // MARK: Fits

  /// Carries out all fits that the search asks for.
  private func fit() throws {
    let reporter = ProgressReporter("sweep", options: run.options)
    func report(_ all: ClusterProgress) -> Bool {
      reporter.sweep = progress.snapshot(search, running: all.workers.compactMap(\.tasks))
      return reporter.report(all)
    }
    if let team {
      try run.cluster.trainTeams(
        of: team, on: images, classCount: run.dataset.classCount,
        next: { [self] in nextTask().map(teamFit) },
        onEnd: { [self] in try end($0.number, $1) },
        progress: { [self] teams in
          var all = teams
          all.fit.total = search.tasks.count
          return report(all)
        })
    } else {
      try run.cluster.fit(
        images, classCount: run.dataset.classCount, next: { [self] in plan() },
        keep: { [self] in try keep($0, $1) },
        onQuarantine: { [self] in quarantine($0, reason: $1) }, progress: report)
    }
    reporter.end()
    if LiveRun.isOpen { showTrials() }
  }

  /// What can be fitted now; nil if that depends on what is being fitted.
  private func plan() -> FitGroups? {
    let begun = search.rungs.indices.map(search.begunCount)
    let tasks = search.plan()
    progress.add(tasks, of: search)
    if search.knownCount > loggedKnownCount {
      loggedKnownCount = search.knownCount
      logger.info("\(counted(loggedKnownCount, "fit is", "fits are")) known")
    }
    if case .halving(let halving) = definition.strategy {
      for (rung, resource) in halving.rungs.enumerated() where begun[rung] == 0 && search.begunCount(of: rung) > 0 {
        let count = rung == 0 ? "\(search.configurations.count)" : "the first"
        logger.info("rung \(rung + 1) of \(halving.rungs.count): \(count) begin, \(resource) \(halving.resource)")
      }
    }
    guard !tasks.isEmpty else { return nil }
    return FitGroups(
      search.tasks[tasks].map(\.group), from: tasks.lowerBound, splits: definition.splits, seed: definition.seed)
  }

  /// What came of some tasks is on disk before it counts.
  private func keep(_ tasks: Range<Int>, _ found: FitResults) throws {
    let results = tasks.map { ($0, found.group($0 - tasks.lowerBound)) }
    let entries = results.map { search.entry(of: $0, $1) }
    try record.keep(entries.map { (key: $0.key, payload: $0.payload) }, of: name)
    for (task, result) in results {
      let isBetter = search.note(task, result)
      if let order = progress.note(task, of: search), team == nil { run.cluster.reorder(order) }
      if isBetter, let best = search.best { logBest(search.configuration(of: best.trial), best.score) }
    }
    guard LiveRun.isOpen, ContinuousClock.now - shown > Self.showInterval else { return }
    shown = ContinuousClock.now
    showTrials()
  }

  private func quarantine(_ tasks: Range<Int>, reason: String) {
    for task in tasks {
      search.fail(task, reason: reason)
      _ = progress.note(task, of: search)
    }
  }

  // MARK: Teams

  /// The next task that can begin now; nil if there is none before more is known of those that have begun.
  private func nextTask() -> Int? {
    if pending.isEmpty, let groups = plan() { pending = groups.numbers.reversed() }
    return pending.popLast()
  }

  /// A task as a team is told of it. Configurations that one network answers have the same settings.
  private func teamFit(_ task: Int) -> TeamFit {
    let group = search.tasks[task].group
    return TeamFit(
      number: task, settings: group.members[0],
      division: ImageDivision(definition.splits, seed: definition.seed, split: group.split, images: group.images))
  }

  private func end(_ task: Int, _ end: TeamFitEnd) throws {
    switch end {
    case .known(let outcome, let time):
      var results = FitResults()
      results.add(search.tasks[task].group.members.map { _ in (outcome, time) })
      try keep(task..<task + 1, results)
    case .quarantined(let reason): quarantine(task..<task + 1, reason: reason)
    }
  }

  // MARK: The best

  /// Fits the best on all training images, or goes on with what a run before has left of that.
  private func refit(_ best: Configuration) throws -> FitReport {
    let settings = try best.settings(seed: definition.seed)
    let path = "\(folder)/\(definition.model.rawValue).safetensors"
    if let known = try record.document(FitReport.self, as: RunFolders.bestTitle, of: name),
      known.settings == settings.text, known.dataDigest == run.dataDigest, known.atelierVersion == atelierVersion,
      let model = try? SavedModel(path: path), model.digest == known.digest
    {
      logger.info("the best is fitted already: \(best.description)")
      return known
    }
    logger.info("fitting the best on all training images: \(best.description)")
    let model = try run.fit(settings, savingTo: path, from: checkpoint(of: path, settings), recordedAs: nil)
    try record.keep(model, of: name)
    try record.keep(model, as: RunFolders.bestTitle, of: name)
    return model
  }

  /// Of a network's training that was stopped. One of another network is of no use.
  private func checkpoint(of model: String, _ settings: ModelSettings) -> NetworkCheckpoint? {
    let path = CheckpointName.of(model: model)
    guard access(path, F_OK) == 0 else { return nil }
    do throws(FileError) {
      let found = try NetworkCheckpoint(path: path)
      if found.settings.text == settings.text, found.metadata.dataDigest == run.dataDigest { return found }
      logger.warning("\(path) is the checkpoint of another network; the fit of the best begins anew")
    } catch {
      logger.warning("\(error); the fit of the best begins anew")
    }
    unlink(path)
    return nil
  }

  /// Says so when a configuration is known to be better than all before.
  private func logBest(_ best: Configuration, _ score: Double) {
    logger.info("best so far: \(definition.scoring.rawValue) \(formatted(score, digits: 4)) with \(best.description)")
  }

  /// On the live page: the best so far, and how many are judged.
  private func showTrials() {
    let rows = search.rows
    let judged = rows.map { ($0.configuration.description, $0.mean(definition.scoring)) }.filter { !$0.1.isNaN }
    LiveRun.show(
      LiveSections.trials(
        Array(judged.sorted { $0.1 > $1.1 }.prefix(Self.mostShown)), done: judged.count, of: rows.count,
        metric: definition.scoring.rawValue))
  }

  private static let mostShown = 20
  /// All configurations are looked through each time.
  private static let showInterval = Duration.seconds(1)
}

/// What came out of a sweep.
struct SweepReport: Encodable {
  let folder: String
  /// Until all configurations were judged; of a resumed search, since it went on.
  let searchSeconds: Double
  let summary: SweepSummary
  /// The best, fitted on all training images.
  let model: FitReport?
  /// What has no result, though another try may give one.
  let quarantined: [QuarantinedFit]

  /// Whether any configuration has a score.
  var hasBest: Bool { summary.rows.contains { $0.mean != nil } }

  /// For a person: the best, and what they came to.
  func text(top: Int) -> String {
    let ranking = summary.rows
    let names = Set(ranking.flatMap(\.parameters.keys)).sorted()
    var table = TextTable(
      [.right, .right, .right, .right] + names.map { _ in .right } + [.left],
      header: ["rank", summary.metric, "+-", "fit s"] + names)
    for row in ranking.prefix(top) {
      table.add(
        [
          "\(row.rank)", row.mean.map { formatted($0, digits: 4) } ?? "-",
          row.deviation.map { formatted($0, digits: 4) } ?? "-", formatted(row.fitSeconds, digits: 2),
        ] + names.map { row.parameters[$0] ?? "" } + [row.failure ?? ""])
    }
    let more = ranking.count > top ? "\nand \(ranking.count - top) more" : ""
    let model = model.map { "\n\n\($0.text)" } ?? ""
    // Of halving, a configuration has a row for each rung that it reached.
    let count = ranking.count { ($0.rung ?? 0) == 0 }
    let found = "\(counted(count, "configuration")) in \(formatted(searchSeconds, digits: 1)) s"
    return "\(table.text)\(more)\(model)\n\n\(found); results.csv, scores.csv and results.json are in \(folder)"
  }
}
