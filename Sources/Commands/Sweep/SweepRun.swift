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
  private let known: [String: [UInt8]]
  private var logger: Logger { run.options.logger }
  /// What fits take, as far as they have taught it.
  private var costs = FitCosts()
  /// When the live page was last told.
  private var shown = ContinuousClock.now

  init(
    _ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun, workersPerTrial: Int
  ) throws(RunError) {
    (self.definition, self.name, self.record, self.run) = (definition, name, record, run)
    team = workersPerTrial > 1 && definition.model == .cnn ? workersPerTrial : nil
    // It goes on with the sweep.
    self.run.tellsHowToResume = false
    known = try record.tasks(of: name)
  }

  /// Searches, writes the tables, and fits the best on all training images.
  func search() throws -> SweepReport {
    let start = ContinuousClock.now
    let configurations = try definition.configurations()
    let rows: [SweepTable.Row]
    if case .halving(let halving) = definition.strategy {
      rows = try halve(configurations, halving)
    } else {
      rows = try judge(configurations, images: definition.images)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let table = SweepTable(rows, metric: definition.scoring, splits: definition.splits.count)
    let files = table.files
    for (file, text) in [("results.csv", files.csv), ("scores.csv", files.scores), ("results.json", files.json + "\n")]
    {
      try FileReplacement.write([Array(text.utf8)], to: "\(folder)/\(file)")
    }
    let model = definition.refit ? try table.best.map { try refit($0.configuration) } : nil
    return SweepReport(
      folder: folder, searchSeconds: seconds, summary: SweepSummary(table, of: definition.model), model: model)
  }

  /// Rung after rung; a configuration's last rung is what it is judged by.
  private func halve(_ configurations: [Configuration], _ halving: SuccessiveHalving) throws -> [SweepTable.Row] {
    var rows: [SweepTable.Row] = []
    var left = configurations
    for (number, amount) in halving.rungs.enumerated() {
      logger.info(
        "rung \(number + 1) of \(halving.rungs.count): \(left.count) configurations, \(amount) \(halving.resource)")
      let images = halving.resource == .images ? amount : definition.images
      let tried =
        halving.resource == .images ? left : left.map { $0.setting(halving.resource.rawValue, to: "\(amount)") }
      let judged = try judge(
        tried, images: images, rung: (number, amount), stoppedEarly: configurations.count - left.count)
      rows += judged
      left = halving.promoted(judged.map { $0.mean(definition.scoring) }).map { left[$0] }
    }
    return rows
  }

  // MARK: Fits

  private func judge(
    _ configurations: [Configuration], images: Int?, rung: (number: Int, resource: Int)? = nil, stoppedEarly: Int = 0
  ) throws -> [SweepTable.Row] {
    var failures: [Int: String] = [:]
    let settings = configurations.indices.map { index -> ModelSettings? in
      do { return try configurations[index].settings(seed: definition.seed) } catch {
        failures[index] = "\(error)"
        return nil
      }
    }
    var plan = FitPlan(settings, splits: definition.splits.count, images: images, costs: costs)
    if !known.isEmpty {
      for task in plan.tasks { if let result = known(task, key(task.group)) { costs.note(task, result) } }
      plan = FitPlan(settings, splits: definition.splits.count, images: images, costs: costs)
    }
    let keys = plan.tasks.map { key($0.group) }
    var results = zip(plan.tasks, keys).map(known)
    var status = SweepProgress(
      plan, count: configurations.count, failed: failures.count, splits: definition.splits.count,
      metric: definition.scoring, stoppedEarly: stoppedEarly, costs: costs)
    for (task, result) in results.enumerated() { if let result { status.noteKnown(task, result) } }
    let missing = results.indices.filter { results[$0] == nil }
    if missing.count < results.count {
      logger.info("\(results.count - missing.count) of \(results.count) fits are known")
    }
    let reporter = ProgressReporter("sweep", options: run.options)
    let setAside = try fit(
      plan.tasks.map(\.group), missing,
      keep: { [self] units, found in
        let tasks = units.map { ($0, found.group($0 - units.lowerBound)) }
        try record.keep(tasks.map { (key: keys[$0.0], payload: $0.1.bytes) }, of: name)
        for (task, result) in tasks {
          results[task] = result
          let (isBetter, order) = status.note(task, result)
          if let order { run.cluster.reorder(order) }
          if isBetter, let best = status.best { tell(configurations[best.configuration], best.score) }
        }
        guard LiveRun.isOpen, ContinuousClock.now - shown > Self.showInterval else { return }
        shown = ContinuousClock.now
        showTrials(rows(configurations, plan, results, failures, rung))
      },
      progress: { progress in
        reporter.sweep = status.status(running: progress.workers.compactMap(\.units))
        return reporter.report(progress)
      })
    reporter.end()
    costs = status.costs
    for (unit, reason) in setAside {
      for index in plan.tasks[unit].configurations { failures[index] = reason }
    }
    let judged = rows(configurations, plan, results, failures, rung)
    if LiveRun.isOpen { showTrials(judged) }
    return judged
  }

  /// What came of a task before, if it is known.
  private func known(_ task: FitPlan.Task, _ key: String) -> FitResults? {
    known[key].flatMap { FitResults(bytes: $0, counts: [task.configurations.count]) }
  }

  /// - Parameters:
  ///   - units: the groups that are to be fitted
  ///   - keep: given what came of some groups, once for each
  /// - Returns: groups that nobody can fit, and why
  private func fit(
    _ groups: [FitGroup], _ units: [Int], keep: @escaping (Range<Int>, FitResults) throws -> Void,
    progress: @escaping Cluster.Progress
  ) throws -> [Int: String] {
    guard let team else {
      return try run.cluster.fit(
        FitGroups(groups, splits: definition.splits, seed: definition.seed), units, run.dataset.train,
        classCount: run.dataset.classCount, keep: keep, progress: progress)
    }
    var waiting = units[...]
    var setAside: [Int: String] = [:]
    try run.cluster.trainTeams(
      of: team, on: run.dataset.train, classCount: run.dataset.classCount,
      next: { [definition] in
        waiting.popFirst().map { unit in
          // Configurations that one network answers have the same settings.
          Trial(
            number: unit, settings: groups[unit].members[0],
            division: ImageDivision(
              definition.splits, seed: definition.seed, split: groups[unit].split, images: groups[unit].images))
        }
      },
      ended: { trial, end in
        switch end {
        case .known(let outcome, let time):
          var results = FitResults()
          results.add(groups[trial.number].members.map { _ in (outcome, time) })
          try keep(trial.number..<trial.number + 1, results)
        case .setAside(let reason): setAside[trial.number] = reason
        }
      },
      progress: { teams in
        var all = teams
        all.fit.total = units.count
        return progress(all)
      })
    return setAside
  }

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
    if let found = try? NetworkCheckpoint(path: path), found.settings.text == settings.text,
      found.metadata.dataDigest == run.dataDigest
    {
      return found
    }
    unlink(path)
    return nil
  }

  private func rows(
    _ configurations: [Configuration], _ plan: FitPlan, _ results: [FitResults?], _ failures: [Int: String],
    _ rung: (number: Int, resource: Int)?
  ) -> [SweepTable.Row] {
    var found = configurations.map { _ in [Int: (FitOutcome, FitTime)]() }
    for (task, result) in zip(plan.tasks, results) {
      guard let result else { continue }
      for (member, index) in task.configurations.enumerated() {
        found[index][task.group.split] = (result.outcomes[0][member], result.times[0][member])
      }
    }
    return configurations.indices.map { index in
      let splits = found[index].sorted { $0.key < $1.key }.map(\.value)
      let isWhole = splits.count == definition.splits.count
      return SweepTable.Row(
        configurations[index], rung: rung, outcomes: isWhole ? splits.map(\.0) : [], times: splits.map(\.1),
        failure: failures[index])
    }
  }

  /// Says so when a configuration is known to be better than all before.
  private func tell(_ best: Configuration, _ score: Double) {
    logger.info("best so far: \(definition.scoring.rawValue) \(formatted(score, digits: 4)) with \(best.description)")
  }

  /// On the live page: the best so far, and how many are judged.
  private func showTrials(_ rows: [SweepTable.Row]) {
    let judged = rows.map { ($0.configuration.description, $0.mean(definition.scoring)) }.filter { !$0.1.isNaN }
    LiveRun.show(
      LiveSections.trials(
        Array(judged.sorted { $0.1 > $1.1 }.prefix(Self.mostShown)), done: judged.count, of: rows.count,
        metric: definition.scoring.rawValue))
  }

  private static let mostShown = 20
  /// All configurations are looked through each time.
  private static let showInterval = Duration.seconds(1)

  /// Under which what came of a group is kept: a digest of all that it follows from.
  private func key(_ group: FitGroup) -> String {
    var digest = Digest()
    digest.update(run.dataDigest)
    digest.update("\(numericsVersion)")
    FitGroups([group], splits: definition.splits, seed: definition.seed).json.withUnsafeBytes { digest.update($0) }
    return Digest.hexadecimal(digest.finalizeBytes())
  }
}

/// What came out of a sweep.
struct SweepReport: Encodable {
  let folder: String
  /// Until all configurations were judged; of a resumed search, since it went on.
  let searchSeconds: Double
  let summary: SweepSummary
  /// The best, fitted on all training images.
  let model: FitReport?

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
    let found = "\(ranking.count) configurations in \(formatted(searchSeconds, digits: 1)) s"
    return "\(table.text)\(more)\(model)\n\n\(found); results.csv, scores.csv and results.json are in \(folder)"
  }
}
