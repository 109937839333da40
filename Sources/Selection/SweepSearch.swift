internal import Models

/// The state of a running sweep: plans the tasks that can start, records their results, and decides which trials
/// follow. It is independent of the clock and of the workers.
///
/// A trial is a configuration on a rung; a search without halving has one rung. A task is a group of trials on one
/// split that one fit answers; tasks are numbered in the order of planning. The set of trials, and so the table, does
/// not depend on the order in which tasks finish (``TrialSource``); their grouping does.
package struct SweepSearch: Sendable {
  private struct Trial {
    let place: TrialPlace
    /// The configuration, with the resource of its rung.
    let configuration: Configuration
    let key: String
    /// Results by split; nil while missing.
    var outcomes: [FitOutcome?]
    var times: [FitTime?]
    var missing: Int
    var failure: String?
    /// Whether the workers failed, rather than the configuration: another run may succeed.
    var isQuarantined = false
  }

  package let definition: SweepDefinition
  /// The configurations proposed so far, without duplicates.
  package private(set) var configurations: [Configuration] = []
  /// The resource of each rung; without halving, one rung without a resource.
  package let rungs: [Int?]
  private var known: KnownFits
  private var source: any TrialSource
  /// Trials in the order in which they started.
  private var trials: [Trial] = []
  /// Trials that can start and are not planned yet.
  private var ready: [Proposal] = []
  /// The number of trials whose score the strategy knows.
  private var decidedCount = 0
  /// The number of started trials by rung.
  private var begunCounts: [Int]
  package private(set) var tasks: [FitPlan.Task] = []
  /// Parts of failed tasks that are retried and not planned yet.
  private var retried: [FitPlan.Task] = []
  /// The estimates of task times.
  package private(set) var costs = FitCosts()
  /// The number of fits, each of one trial on one split, whose results are known from an earlier run.
  package private(set) var knownCount = 0
  /// The best trial so far. A trial of a higher rung precedes all of lower ones.
  package private(set) var best: (trial: Int, score: Double)?

  /// - Parameter known: results of earlier runs
  /// - Throws: ``SweepError`` as ``SweepDefinition/configurations()`` does.
  package init(_ definition: SweepDefinition, known: KnownFits) throws(SweepError) {
    (self.definition, self.known) = (definition, known)
    source = try definition.trials()
    rungs = source.rungs
    begunCounts = rungs.map { _ in 0 }
    accept(source.begin())
  }

  package var isFinished: Bool { ready.isEmpty && decidedCount == trials.count }

  /// Adds trials that can start.
  private mutating func accept(_ proposals: [Proposal]) {
    ready += proposals
    for proposal in proposals where proposal.place.rung == 0 { configurations.append(proposal.configuration) }
  }

  // MARK: Tasks

  /// Plans all tasks that can start. Only trials that are planned together can share a task, so call this when a worker
  /// is free, not earlier.
  /// - Returns: the numbers of the new tasks: first the retried ones, then the others, the most expensive first; empty
  ///   if all trials depend on missing results
  package mutating func plan() -> Range<Int> {
    let first = tasks.count
    tasks += retried
    retried = []
    var begun: [Int: (settings: [ModelSettings], trials: [Int])] = [:]
    // Known results may promote trials that can start as well.
    while !ready.isEmpty {
      let proposals = ready.sorted { $0.place < $1.place }
      ready = []
      for proposal in proposals {
        let (trial, settings) = begin(proposal)
        if let settings {
          begun[proposal.place.rung, default: ([], [])].settings.append(settings)
          begun[proposal.place.rung]!.trials.append(trial)
        }
        if trials[trial].missing == 0 { decide(trial) }
      }
    }
    for (rung, new) in begun.sorted(by: { $0.key < $1.key }) {
      if knownCount > 0 { learn(new.settings, new.trials, rung) }
      let plan = FitPlan(new.settings, splits: definition.splits.count, images: imageLimit(of: rung), costs: costs) {
        [trials] index, split in trials[new.trials[index]].outcomes[split] == nil
      }
      tasks += plan.tasks.map { $0.numbering(new.trials) }
    }
    return first..<tasks.count
  }

  /// Starts a trial.
  /// - Returns: its number, and its settings unless they are invalid
  private mutating func begin(_ proposal: Proposal) -> (trial: Int, settings: ModelSettings?) {
    let splits = definition.splits.count
    let place = proposal.place
    var configuration = proposal.configuration
    if let resource, let amount = rungs[place.rung] {
      configuration = resource.configuration(configuration, amount: amount)
    }
    var settings: ModelSettings?
    var (key, failure) = ("", nil as String?)
    do {
      let found = try configuration.settings(seed: definition.seed)
      key = known.key(found.text, of: found.kind.rawValue, images: imageLimit(of: place.rung) ?? images)
      settings = found
    } catch {
      failure = "\(error)"
    }
    let fits = (0..<splits).map { settings == nil ? nil : known[key, $0] }
    let missing = settings == nil ? 0 : fits.count { $0 == nil }
    if settings != nil { knownCount += splits - missing }
    begunCounts[place.rung] += 1
    trials.append(
      Trial(
        place: place, configuration: configuration, key: key, outcomes: fits.map { $0?.outcome },
        times: fits.map { $0?.time }, missing: missing, failure: failure))
    return (trials.count - 1, settings)
  }

  /// The resource that grows from rung to rung; nil without one.
  package var resource: SuccessiveHalving.Resource? { definition.strategy.value.resource }

  private var growsByImages: Bool { resource.map { $0.setting == nil } ?? false }

  /// The number of images that tasks use (``DataSplits/part(of:atMost:seed:)``); nil: all.
  package var images: Int? { growsByImages ? nil : definition.images }

  /// Returns the number of those images that tasks of a rung use; nil: all.
  package func imageLimit(of rung: Int) -> Int? { growsByImages ? rungs[rung] : nil }

  /// Updates the estimates of task times with the known results.
  private mutating func learn(_ settings: [ModelSettings], _ numbers: [Int], _ rung: Int) {
    let plan = FitPlan(settings, splits: definition.splits.count, images: imageLimit(of: rung)) {
      [trials] index, split in
      trials[numbers[index]].outcomes[split] != nil
    }
    for task in plan.tasks {
      let fits = task.configurations.map { trials[numbers[$0]] }
      var results = FitResults()
      results.add(fits.map { ($0.outcomes[task.group.split]!, $0.times[task.group.split]!) })
      costs.note(task, results)
    }
  }

  /// Returns the results of a task in the form in which they are stored.
  package func entry(of task: Int, _ results: FitResults) -> KnownFits.Entry {
    KnownFits.Entry(tasks[task].configurations.map { trials[$0].key }, split: tasks[task].group.split, results)
  }

  /// Records the results of a task.
  /// - Parameter results: those of its group
  /// - Returns: whether the best trial has changed
  package mutating func note(_ task: Int, _ results: FitResults) -> Bool {
    costs.note(tasks[task], results)
    let before = best?.trial
    for (member, trial) in tasks[task].configurations.enumerated() {
      trials[trial].outcomes[tasks[task].group.split] = results.outcomes[0][member]
      trials[trial].times[tasks[task].group.split] = results.times[0][member]
      end(trial)
    }
    return best?.trial != before
  }

  /// Records that a task failed on every worker that tried it. A task of several configurations is split into one task
  /// for each, because the failure may concern only one of them, and because groups depend on the time of planning. A
  /// task of one configuration fails for good, because decisions that rest on it must not change.
  package mutating func fail(_ task: Int, reason: String) {
    guard tasks[task].configurations.count == 1 else {
      retried += tasks[task].parts
      return
    }
    let trial = tasks[task].configurations[0]
    (trials[trial].failure, trials[trial].isQuarantined) = (reason, true)
    end(trial)
  }

  private mutating func end(_ trial: Int) {
    trials[trial].missing -= 1
    if trials[trial].missing == 0 { decide(trial) }
  }

  /// Records the score of a trial whose splits are all known.
  private mutating func decide(_ trial: Int) {
    let score = row(trials[trial]).mean(definition.scoring)
    decidedCount += 1
    accept(source.note(score, of: trials[trial].place))
    guard !score.isNaN else { return }
    let rung = trials[trial].place.rung
    if let best, (trials[best.trial].place.rung, best.score) >= (rung, score) { return }
    best = (trial, score)
  }

  // MARK: Results

  package func configuration(of trial: Int) -> Configuration { trials[trial].configuration }
  /// Returns the number of trials that have started on a rung.
  package func begunCount(of rung: Int) -> Int { begunCounts[rung] }
  /// Returns the counts of a rung.
  package func count(of rung: Int) -> RungCount { source.count(of: rung) }
  /// Returns whether a trial has splits without a result.
  package func isRunning(_ trial: Int) -> Bool { trials[trial].missing > 0 }

  /// The rows of the table, by rung and then in the order of the configurations.
  package var rows: [SweepTable.Row] {
    trials.sorted { $0.place < $1.place }.map(row)
  }

  /// The rows of quarantined trials (``fail(_:reason:)``), without which the ranking is incomplete.
  package var quarantined: [SweepTable.Row] {
    let found = trials.filter(\.isQuarantined)
    return found.sorted { $0.place < $1.place }.map(row)
  }

  private func row(_ trial: Trial) -> SweepTable.Row {
    let outcomes = trial.outcomes.compactMap { $0 }
    let isWhole = outcomes.count == trial.outcomes.count
    return SweepTable.Row(
      trial.configuration, rung: rungs[trial.place.rung].map { (trial.place.rung, $0) },
      outcomes: isWhole ? outcomes : [], times: trial.times.compactMap { $0 }, failure: trial.failure)
  }
}
