internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Files
internal import Foundation
internal import Models
internal import Progress
package import Runs
package import Selection
internal import Text

/// A running sweep. Each result is on disk before it counts, so that a sweep can be resumed from any point.
package final class SweepRun {
  private let definition: SweepDefinition
  private var run: TrainingRun
  /// The number of workers that train each network; nil if each fit runs on one worker.
  private let team: Int?
  private let record: RunRecord
  /// The name of the run in the record, and of the folder of its files.
  private let name: String
  private var folder: String { run.folders.path(name) }
  private var search: SweepSearch
  /// The images that are split into training and hold-out sets. Workers need no others.
  private let images: LabeledImages
  private var progress = SweepProgress()
  /// Tasks planned for teams that have not begun, in reverse order.
  private var pending: [Int] = []
  private var loggedKnownCount = 0
  private var observer: any RunObserver { run.observer }

  /// - Parameters:
  ///   - name: the name of the run in the record, and of its folder
  ///   - workersPerTrial: the number of workers that train each network
  /// - Throws: ``RunError`` if the scores in the record cannot be read; ``SweepError``
  package init(
    _ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun, workersPerTrial: Int
  ) throws {
    (self.definition, self.name, self.record, self.run) = (definition, name, record, run)
    team = workersPerTrial > 1 && definition.model.family.isSynchronous ? workersPerTrial : nil
    if workersPerTrial > 1, team == nil {
      run.observer.warning("--workers-per-trial has no effect: teams of workers train networks only")
    }
    // The sweep is resumed as a whole.
    self.run.reportsUnfinishedFits = false
    var known = KnownFits(dataDigest: run.dataDigest, splits: definition.splits, seed: definition.seed)
    for (key, payload) in try record.tasks(of: name) where !known.add(payload) {
      throw RunError(
        """
        \(record.path): unknown format of the scores of run \(name), task \(key). Resume the run with the version of \
        Atelier that wrote it, or start a new one
        """, kind: .damaged)
    }
    search = try SweepSearch(definition, known: known)
    images = DataSplits.part(of: run.dataset.train, atMost: search.images, seed: definition.seed)
    if let warning = definition.strategy.value.warning(count: search.configurations.count) {
      observer.warning("\(warning)")
    }
    let searched = search.imageLimit(of: 0).map { DataSplits.part(of: images, atMost: $0, seed: definition.seed) }
    for warning in definition.splits.warnings(
      of: (searched ?? images).labels, classNames: run.dataset.classNames)
    { observer.warning(warning) }
  }

  /// Searches, writes the tables, and fits the best configuration on all training images.
  package func report() throws -> SweepReport {
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
      folder: folder, searchSeconds: seconds,
      summary: SweepSummary(table, of: definition.model, resource: search.resource),
      model: model,
      quarantined: search.quarantined.map(QuarantinedFit.init))
  }

  // MARK: Fits

  /// Runs all fits of the search.
  private func fit() throws {
    try fitTasks()
    observer.showTrials(trials, isEnd: true)
  }

  private func fitTasks() throws {
    observer.beginStep("sweep", batch: nil)
    defer { observer.endStep() }
    func report(_ all: ClusterProgress) -> Bool {
      observer.report(all, of: progress.snapshot(search, running: all.workers.compactMap(\.tasks)))
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
  }

  /// Returns the groups that can be fitted now; nil if they depend on results that are still missing.
  private func plan() -> FitGroups? {
    let begun = search.rungs.indices.map(search.begunCount)
    let tasks = search.plan()
    progress.add(tasks, of: search)
    if search.knownCount > loggedKnownCount {
      loggedKnownCount = search.knownCount
      observer.info("\(counted(loggedKnownCount, "fit")) loaded from the record")
    }
    if let resource = search.resource {
      for (rung, amount) in search.rungs.enumerated() where begun[rung] == 0 && search.begunCount(of: rung) > 0 {
        let count = rung == 0 ? " with \(counted(search.configurations.count, "configuration"))" : ""
        observer.info(
          "rung \(rung + 1) of \(search.rungs.count) started\(count): \(amount ?? 0) \(resource.rawValue) each")
      }
    }
    guard !tasks.isEmpty else { return nil }
    return FitGroups(
      search.tasks[tasks].map(\.group), from: tasks.lowerBound, splits: definition.splits, seed: definition.seed)
  }

  /// Records results of tasks, and then adds them to the search.
  private func keep(_ tasks: Range<Int>, _ found: FitResults) throws {
    let results = tasks.map { ($0, found.group($0 - tasks.lowerBound)) }
    let entries = results.map { search.entry(of: $0, $1) }
    try record.keep(entries.map { (key: $0.key, payload: $0.payload) }, of: name)
    for (task, result) in results {
      let isBetter = search.note(task, result)
      if let order = progress.note(task, of: search), team == nil { run.cluster.reorder(order) }
      if isBetter, let best = search.best { logBest(search.configuration(of: best.trial), best.score) }
    }
    observer.showTrials(trials, isEnd: false)
  }

  private func quarantine(_ tasks: Range<Int>, reason: String) {
    for task in tasks {
      search.fail(task, reason: reason)
      _ = progress.note(task, of: search)
    }
  }

  // MARK: Teams

  /// Returns the next task that can begin now; nil if all others depend on results that are still missing.
  private func nextTask() -> Int? {
    if pending.isEmpty, let groups = plan() { pending = groups.numbers.reversed() }
    return pending.popLast()
  }

  /// Returns a task as the fit of a team. Configurations that one network answers have the same settings.
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

  // MARK: Refit

  /// Fits the best configuration on all training images. A previous run may have finished or begun that.
  private func refit(_ best: Configuration) throws -> FitReport {
    let settings = try best.settings(seed: definition.seed)
    let path = "\(folder)/\(definition.model.rawValue).safetensors"
    if let known = try record.document(FitReport.self, as: RunFolders.bestTitle, of: name),
      known.settings == settings.text, known.dataDigest == run.dataDigest, known.atelierVersion == atelierVersion,
      let model = try? SavedModel(path: path), model.digest == known.digest
    {
      observer.info("the best configuration is already fitted: \(best.description)")
      return known
    }
    observer.info("fitting the best configuration on all training images: \(best.description)")
    let model = try run.fit(settings, savingTo: path, from: checkpoint(of: path, settings), recordedAs: nil)
    try record.keep(model, of: name)
    try record.keep(model, as: RunFolders.bestTitle, of: name)
    return model
  }

  /// Returns the checkpoint of an interrupted fit of these settings. A checkpoint of another network is removed.
  private func checkpoint(of model: String, _ settings: ModelSettings) -> NetworkCheckpoint? {
    let path = CheckpointName.of(model: model)
    guard access(path, F_OK) == 0 else { return nil }
    do throws(FileError) {
      let found = try NetworkCheckpoint(path: path)
      if found.settings.text == settings.text, found.metadata.dataDigest == run.dataDigest { return found }
      observer.warning(
        "\(path) is the checkpoint of another network; the best configuration is fitted from the beginning")
    } catch {
      observer.warning("\(error); the best configuration is fitted from the beginning")
    }
    unlink(path)
    return nil
  }

  /// Logs a configuration that scores better than all before.
  private func logBest(_ best: Configuration, _ score: Double) {
    observer.info("best so far: \(definition.scoring.rawValue) \(formatted(score, digits: 4)) with \(best.description)")
  }

  /// Returns the scores so far.
  private func trials() -> TrialScores {
    let rows = search.rows
    let scored = rows.map { ($0.configuration, $0.mean(definition.scoring)) }.filter { !$0.1.isNaN }
    return TrialScores(scored: scored.sorted { $0.1 > $1.1 }, total: rows.count, metric: definition.scoring)
  }
}
