import Coordination
import Models
import Selection

/// A real search with its files. The results of fits are invented; they depend only on the settings and the split.
struct SimulatedSearch {
  let definition: SweepDefinition
  private(set) var search: SweepSearch
  /// The payloads of ``KnownFits/Entry`` that were kept.
  private var kept: [[UInt8]] = []
  private(set) var failed: [Lost: String] = [:]

  /// A configuration on a rung that has crashed workers, so that it has no scores.
  struct Lost: Hashable {
    let configuration: String
    /// The number of images, if the search halves by images.
    let images: Int?
  }

  init(_ definition: SweepDefinition) {
    self.definition = definition
    search = Self.begin(definition, [])
  }

  private static func begin(_ definition: SweepDefinition, _ kept: [[UInt8]]) -> SweepSearch {
    var known = KnownFits(dataDigest: "d", splits: definition.splits, seed: definition.seed)
    for payload in kept { known.add(payload) }
    return try! SweepSearch(definition, known: known)
  }

  mutating func restart() { (search, failed) = (Self.begin(definition, kept), [:]) }

  mutating func plan() -> Range<Int> { search.plan() }

  mutating func keep(_ task: Int, _ outcomes: [FitOutcome], seconds: Double) {
    var results = FitResults()
    results.add(outcomes.map { ($0, FitTime(fitSeconds: seconds, scoreSeconds: 0)) })
    kept.append(search.entry(of: task, results).payload)
    _ = search.note(task, results)
  }

  mutating func fail(_ task: Int, reason: String) {
    // Several configurations are tried again one by one.
    let trials = Self.trials(of: task, in: search)
    if trials.count == 1 { failed[trials[0]] = reason }
    search.fail(task, reason: reason)
  }

  /// Returns whether only crashing configurations have no scores, and whether all crashing configurations have none.
  func lostTasks(isCrashing: (FitGroup) -> Bool) -> (areCrashing: Bool, areAll: Bool) {
    let alone = search.tasks.indices.filter { search.tasks[$0].configurations.count == 1 }
    let crashing = Set(alone.filter { isCrashing(search.tasks[$0].group) }.flatMap { Self.trials(of: $0, in: search) })
    return (crashing.isSuperset(of: failed.keys), crashing.isSubset(of: failed.keys))
  }

  private static func trials(of task: Int, in search: SweepSearch) -> [Lost] {
    let planned = search.tasks[task]
    return planned.configurations.map {
      Lost(configuration: search.configuration(of: $0).description, images: planned.group.images)
    }
  }

  // MARK: Results

  /// Returns the table in its order and with its ranks, the number of configurations stopped on each rung, and the best
  /// score.
  static func result(_ search: SweepSearch) -> [String] {
    let table = SweepTable(search.rows, metric: search.definition.scoring, splits: search.definition.splits.count)
    let rows = zip(table.rows, table.ranks).map { row, rank in
      // A failed row may have the scores of some splits.
      let scores = row.failure == nil ? "\(row.scores(table.metric))" : row.failure!
      return "\(row.rung?.number ?? 0): \(row.configuration.description): \(scores), rank \(rank)"
    }
    let stopped = search.rungs.indices.map { search.count(of: $0).stopped }
    return rows + ["order \(table.order), stopped \(stopped), best \(search.best?.score ?? -1)"]
  }

  var result: [String] { Self.result(search) }

  /// Returns the result of one process that performs all fits in order, without the scores of the failed ones.
  func expected(_ outcome: (FitGroup, _ member: Int) -> FitOutcome) -> [String] {
    var alone = Self.begin(definition, [])
    while case let tasks = alone.plan(), !tasks.isEmpty {
      for task in tasks {
        var results = FitResults()
        let trials = Self.trials(of: task, in: alone)
        results.add(
          trials.indices.map { member in
            let lost = failed[trials[member]].map { FitOutcome(failure: $0) }
            return (lost ?? outcome(alone.tasks[task].group, member), FitTime(fitSeconds: 1, scoreSeconds: 0))
          })
        _ = alone.note(task, results)
      }
    }
    return Self.result(alone)
  }

  // MARK: Search spaces

  private static func definition(
    _ kind: ModelKind, _ values: [String: [String]], _ random: inout SplitMix
  ) -> SweepDefinition {
    var definition = SweepDefinition(kind, spaces: [ParameterSpace(values.mapValues { .list($0) })])
    definition.splits = random.chance(0.5) ? .folds(2) : .holdOut(0.5)
    // The seed affects the scores.
    definition.seed = UInt64.random(in: 0..<1 << 30, using: &random)
    return definition
  }

  private static func halving(_ resource: SuccessiveHalving.Resource, _ random: inout SplitMix) -> SuccessiveHalving {
    let (factor, most) = (Int.random(in: 2...4, using: &random), Int.random(in: 4...36, using: &random))
    return SuccessiveHalving(
      resource: resource, factor: factor, least: Int.random(in: 1...(most + 2) / 3, using: &random), most: most)
  }

  /// A search of forests, in which one fit answers many configurations.
  static func forests(_ random: inout SplitMix) -> SweepDefinition {
    func some(_ values: [String]) -> [String] {
      Array(values.prefix(Int.random(in: (values.count + 1) / 2...values.count, using: &random)))
    }
    let values = [
      "criterion": some(["gini", "entropy"]), "max-depth": some(["3", "5", "none"]),
      "min-samples-leaf": some(["1", "2", "3", "4"]),
    ]
    var found = definition(.forest, values, &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: break
    case 1, 2: found.strategy = .halving(halving(.init(rawValue: "trees")!, &random))
    default: found.strategy = .halving(halving(.images, &random))
    }
    return found
  }

  static func networks(_ random: inout SplitMix) -> SweepDefinition {
    let rates = (1...Int.random(in: 1...8, using: &random)).map { "0.0\($0)" }
    let shards = [["8"], ["1", "12"], ["4"]][Int.random(in: 0..<3, using: &random)]
    var found = definition(.cnn, ["learning-rate": rates, "shards": shards], &random)
    if random.chance(0.7) {
      found.strategy = .halving(halving(.init(rawValue: "epochs")!, &random))
    } else {
      found.spaces = [ParameterSpace(["learning-rate": .list(rates), "epochs": .list(["3", "20"])])]
    }
    return found
  }
}

extension FitGroup {
  /// Returns a hash of everything that determines a member's scores.
  func number(of member: Int) -> UInt64 {
    var number = mixed(UInt64(split), UInt64(images ?? 0))
    for (name, value) in members[member].sorted(by: { $0.key < $1.key }) {
      for byte in (name + value).utf8 { number = (number ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    return mixed(number)
  }
}

extension FitOutcome {
  /// Scores with many ties, and some failures.
  init(value: UInt64) {
    if value % 16 == 0 {
      self.init(failure: "this cannot be fitted")
    } else {
      self.init(scores: ["accuracy": Double(value / 16 % 8) / 8])
    }
  }
}
