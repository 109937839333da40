internal import Models

/// A sweep on its way: plans what can be fitted now, takes what has come of it, and knows what that leads to. It has no clock, and does not know
/// who fits.
///
/// A trial is a configuration on a rung; a search without halving has one rung. A task is a group of trials on one split, which one fit
/// answers; tasks are numbered in the order in which they are planned. Which trials there are, and so the table, does not depend on the order
/// in which tasks are done (``RungDecisions``); which of them are grouped does.
package struct SweepSearch: Sendable {
  private struct Trial {
    let place: RungDecisions.Trial
    /// With as much of the resource as the rung gives.
    let configuration: Configuration
    let key: String
    /// By split.
    var outcomes: [FitOutcome?]
    var times: [FitTime?]
    var missing: Int
    var failure: String?
    /// It has no result because of what happened here, and not of what it is: another try may give one.
    var isQuarantined = false
  }

  package let definition: SweepDefinition
  /// All that are searched, each once.
  package let configurations: [Configuration]
  /// The resource of each rung; without halving, one rung without a resource.
  package let rungs: [Int?]
  private var known: KnownFits
  package private(set) var decisions: RungDecisions
  /// In the order in which they began.
  private var trials: [Trial] = []
  /// That begin, and are not planned yet.
  private var ready: [RungDecisions.Trial]
  /// By rung: trials that have begun.
  private var begunCounts: [Int]
  package private(set) var tasks: [FitPlan.Task] = []
  /// Parts of tasks that nobody can do, not planned yet.
  private var retried: [FitPlan.Task] = []
  /// What fits take, as far as they have taught it.
  package private(set) var costs = FitCosts()
  /// Fits of single trials that were known from before.
  package private(set) var knownCount = 0
  /// The best so far; of a higher rung, which has seen more, rather than of a lower one.
  package private(set) var best: (trial: Int, score: Double)?

  /// - Parameter known: from a search before
  /// - Throws: ``SweepError`` if there is nothing to search, or too much.
  package init(_ definition: SweepDefinition, known: KnownFits) throws(SweepError) {
    (self.definition, self.known) = (definition, known)
    configurations = try definition.configurations()
    var factor = 1
    if case .halving(let halving) = definition.strategy {
      (rungs, factor) = (halving.rungs, halving.factor)
    } else {
      rungs = [nil]
    }
    decisions = RungDecisions(count: configurations.count, rungs: rungs.count, factor: factor)
    begunCounts = rungs.map { _ in 0 }
    ready = configurations.indices.map { RungDecisions.Trial(rung: 0, configuration: $0) }
  }

  package var isFinished: Bool { decisions.isFinished }

  // MARK: Tasks

  /// Plans all that can begin now. What is planned together is grouped; so ask when somebody has time for it, not before.
  /// - Returns: the new tasks' numbers: those that are tried again alone, then the costliest first; none, if all depends on what is still missing
  package mutating func plan() -> Range<Int> {
    let first = tasks.count
    tasks += retried
    retried = []
    var begun: [Int: (settings: [ModelSettings], trials: [Int])] = [:]
    // What is known from before may lead to more.
    while !ready.isEmpty {
      let places = ready.sorted { ($0.rung, $0.configuration) < ($1.rung, $1.configuration) }
      ready = []
      for place in places {
        let (trial, settings) = begin(place)
        if let settings {
          begun[place.rung, default: ([], [])].settings.append(settings)
          begun[place.rung]!.trials.append(trial)
        }
        if trials[trial].missing == 0 { decide(trial) }
      }
    }
    for (rung, new) in begun.sorted(by: { $0.key < $1.key }) {
      if knownCount > 0 { learn(new.settings, new.trials, rung) }
      let plan = FitPlan(new.settings, splits: definition.splits.count, images: limit(rung), costs: costs) {
        [trials] index, split in trials[new.trials[index]].outcomes[split] == nil
      }
      tasks += plan.tasks.map { $0.numbering(new.trials) }
    }
    return first..<tasks.count
  }

  /// - Returns: the trial's number, and its settings if there are any
  private mutating func begin(_ place: RungDecisions.Trial) -> (trial: Int, settings: ModelSettings?) {
    let splits = definition.splits.count
    var configuration = configurations[place.configuration]
    if case .halving(let halving) = definition.strategy, halving.resource != .images {
      configuration = configuration.setting(halving.resource.rawValue, to: "\(rungs[place.rung]!)")
    }
    var settings: ModelSettings?
    var (key, failure) = ("", nil as String?)
    do {
      let found = try configuration.settings(seed: definition.seed)
      key = known.key(found.text, of: found.kind.rawValue, images: limit(place.rung) ?? images)
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

  private var isHalvingImages: Bool {
    if case .halving(let halving) = definition.strategy { halving.resource == .images } else { false }
  }

  /// Tasks are about this part of the images (``DataSplits/part(of:atMost:seed:)``); nil: about all.
  package var images: Int? { isHalvingImages ? nil : definition.images }

  /// What a rung's tasks take of that part; nil: all of it.
  private func limit(_ rung: Int) -> Int? { isHalvingImages ? rungs[rung] : nil }

  /// What was known from before teaches how long the rest takes.
  private mutating func learn(_ settings: [ModelSettings], _ numbers: [Int], _ rung: Int) {
    let plan = FitPlan(settings, splits: definition.splits.count, images: limit(rung)) { [trials] index, split in
      trials[numbers[index]].outcomes[split] != nil
    }
    for task in plan.tasks {
      let fits = task.configurations.map { trials[numbers[$0]] }
      var results = FitResults()
      results.add(fits.map { ($0.outcomes[task.group.split]!, $0.times[task.group.split]!) })
      costs.note(task, results)
    }
  }

  /// As it is kept: what came of a task.
  package func entry(of task: Int, _ results: FitResults) -> KnownFits.Entry {
    KnownFits.Entry(tasks[task].configurations.map { trials[$0].key }, split: tasks[task].group.split, results)
  }

  /// The fits of a task are done.
  /// - Parameter results: of its group
  /// - Returns: whether a trial is now known to be better than all before
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

  /// Nobody can do a task. Of several configurations each is tried alone then: one of them is to blame, and which are in a group depends on when
  /// they were planned. Of one that is for good: what is decided on it must not change.
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

  /// All splits of a trial are known.
  private mutating func decide(_ trial: Int) {
    let score = row(trials[trial]).mean(definition.scoring)
    ready += decisions.note(score, of: trials[trial].place)
    guard !score.isNaN else { return }
    let rung = trials[trial].place.rung
    if let best, (trials[best.trial].place.rung, best.score) >= (rung, score) { return }
    best = (trial, score)
  }

  // MARK: What is found

  package func configuration(of trial: Int) -> Configuration { trials[trial].configuration }
  /// Trials that have begun on a rung.
  package func begunCount(of rung: Int) -> Int { begunCounts[rung] }
  /// Whether not all splits of a trial are known.
  package func isRunning(_ trial: Int) -> Bool { trials[trial].missing > 0 }

  /// Rung by rung, in the order of the configurations.
  package var rows: [SweepTable.Row] {
    trials.sorted { ($0.place.rung, $0.place.configuration) < ($1.place.rung, $1.place.configuration) }.map(row)
  }

  /// Those that nobody could fit here (``fail(_:reason:)``): without them the ranking is incomplete.
  package var quarantined: [SweepTable.Row] {
    let found = trials.filter(\.isQuarantined)
    return found.sorted { ($0.place.rung, $0.place.configuration) < ($1.place.rung, $1.place.configuration) }.map(row)
  }

  private func row(_ trial: Trial) -> SweepTable.Row {
    let outcomes = trial.outcomes.compactMap { $0 }
    let isWhole = outcomes.count == trial.outcomes.count
    return SweepTable.Row(
      trial.configuration, rung: rungs[trial.place.rung].map { (trial.place.rung, $0) },
      outcomes: isWhole ? outcomes : [], times: trial.times.compactMap { $0 }, failure: trial.failure)
  }
}
