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
  private let run: TrainingRun
  private let record: RunRecord
  /// Under which the record has it, and the folder of its files.
  private let name: String
  private var folder: String { RunFolders.path(name) }
  private var known: [String: [UInt8]]
  private var logger: Logger { run.options.logger }
  private var bestSoFar: Double?
  /// When the live page was last told.
  private var shown = ContinuousClock.now

  init(_ definition: SweepDefinition, name: String, record: RunRecord, run: TrainingRun) throws(RunError) {
    (self.definition, self.name, self.record, self.run) = (definition, name, record, run)
    known = try record.tasks(of: name)
  }

  /// Searches, writes the tables, and fits the best on all training images.
  func search() throws -> SweepReport {
    let start = ContinuousClock.now
    let configurations = try definition.configurations()
    guard !configurations.isEmpty else { throw SweepError("there is nothing to search") }
    let rows: [SweepTable.Row]
    if case .halving(let halving) = definition.strategy {
      rows = try halve(configurations, halving)
    } else {
      rows = try judge(configurations, images: definition.images, rung: nil)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let table = SweepTable(rows, metric: definition.scoring, splits: definition.splits.count)
    for (file, text) in [
      ("results.csv", table.csv(withTimes: true)), ("scores.csv", table.csv(withTimes: false)),
      ("results.json", table.json + "\n"),
    ] {
      try FileReplacement.write([Array(text.utf8)], to: "\(folder)/\(file)")
    }
    var model: FitReport?
    if definition.refit, let best = table.best {
      logger.info("fitting the best on all training images: \(best.configuration.description)")
      model = try run.fit(
        try best.configuration.settings(seed: definition.seed),
        savingTo: "\(folder)/\(definition.model.rawValue).safetensors", recordedAs: nil)
    }
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
      let judged = try judge(tried, images: images, rung: (number, amount))
      rows += judged
      left = halving.promoted(judged.map { $0.mean(definition.scoring) }).map { left[$0] }
    }
    return rows
  }

  // MARK: Fits

  private func judge(
    _ configurations: [Configuration], images: Int?, rung: (number: Int, resource: Int)?
  ) throws -> [SweepTable.Row] {
    var failures: [Int: String] = [:]
    let settings = configurations.indices.map { index -> ModelSettings? in
      do { return try configurations[index].settings(seed: definition.seed) } catch {
        failures[index] = "\(error)"
        return nil
      }
    }
    let plan = FitPlan(settings, splits: definition.splits.count, images: images)
    let groups = FitGroups(plan.tasks.map(\.group), splits: definition.splits, seed: definition.seed)
    let keys = plan.tasks.map { Self.key($0.group) }
    var results = zip(plan.tasks, keys).map { task, key in
      known[key].flatMap { FitResults(bytes: $0, counts: [task.configurations.count]) }
    }
    let missing = results.indices.filter { results[$0] == nil }
    if missing.count < results.count {
      logger.info("\(results.count - missing.count) of \(results.count) fits are known")
    }
    let progress = ProgressReporter("sweep", options: run.options)
    let setAside = try run.cluster.fit(
      groups, missing, run.dataset.train, classCount: run.dataset.classCount,
      keep: { [self] units, found in
        let tasks = units.map { ($0, found.group($0 - units.lowerBound)) }
        try record.keep(tasks.map { (key: keys[$0.0], payload: $0.1.bytes) }, of: name)
        for (unit, result) in tasks { results[unit] = result }
        tellBest(units, plan, results, configurations)
        guard LiveRun.isOpen, ContinuousClock.now - shown > Self.showInterval else { return }
        shown = ContinuousClock.now
        showTrials(rows(configurations, plan, results, failures, rung))
      }, progress: progress.report)
    progress.end()
    for (unit, reason) in setAside {
      for index in plan.tasks[unit].configurations { failures[index] = reason }
    }
    let judged = rows(configurations, plan, results, failures, rung)
    if LiveRun.isOpen { showTrials(judged) }
    return judged
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
  private func tellBest(
    _ units: Range<Int>, _ plan: FitPlan, _ results: [FitResults?], _ configurations: [Configuration]
  ) {
    let touched = Set(units.flatMap { plan.tasks[$0].configurations })
    let rows = rows(configurations, plan, results, [:], nil)
    guard
      let best = touched.map({ ($0, rows[$0].mean(definition.scoring)) }).filter({ !$0.1.isNaN })
        .max(by: { ($0.1, $1.0) < ($1.1, $0.0) }), best.1 > bestSoFar ?? -.infinity
    else { return }
    bestSoFar = best.1
    logger.info(
      "best so far: \(definition.scoring.rawValue) \(formatted(best.1, digits: 4)) with \(configurations[best.0].description)"
    )
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

  /// Under which what came of a group is kept.
  private static func key(_ group: FitGroup) -> String {
    var digest = Digest()
    FitGroups([group], splits: .holdOut(0), seed: 0).json.withUnsafeBytes { digest.update($0) }
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
