/// Settings of a search from the command line, which take precedence over those of a sweep file and over the defaults.
/// Nil where the command line gives none.
package struct SweepOverrides: Sendable, Equatable {
  package var folds: Int?
  package var holdOut: Double?
  /// Values of the keys of strategies (``SearchStrategy/keys``), as text.
  package var strategy: [String: String] = [:]
  package var scoring: ScoreMetric?
  package var images: Int?
  package var seed: UInt64?
  package var refit: Bool?

  package init() {}

  /// Applies the settings to a definition. Values are not checked; see ``SweepDefinition/check()``.
  /// - Throws: ``SweepError`` if a setting requires another one that is missing, or contradicts another one.
  package func apply(
    to definition: inout SweepDefinition, strategies: [any SearchStrategy.Type] = SearchStrategies.all
  ) throws(SweepError) {
    if let folds { definition.splits = .folds(folds) }
    if let holdOut { definition.splits = .holdOut(holdOut) }
    if !strategy.isEmpty { definition.strategy = try strategy(over: definition.strategy, among: strategies) }
    definition.scoring = scoring ?? definition.scoring
    definition.images = images ?? definition.images
    definition.seed = seed ?? definition.seed
    definition.refit = refit ?? definition.refit
  }

  /// Returns the error with the name of the option, and without a key of the file, if an option gave the value.
  package func attributing(
    _ error: SweepError, among strategies: [any SearchStrategy.Type] = SearchStrategies.all
  ) -> SweepError {
    guard let key = error.key, let option = option(for: key, strategies), error.description.hasPrefix(key) else {
      return error
    }
    return SweepError("--\(option)" + error.description.dropFirst(key.count))
  }

  /// Returns the option that gave the value of a key of a sweep file; nil if none did.
  private func option(for key: String, _ strategies: [any SearchStrategy.Type]) -> String? {
    switch key {
    case "folds": folds.map { _ in key }
    case "hold-out": holdOut.map { _ in key }
    case "images": images.map { _ in key }
    default: strategy[key] == nil ? nil : strategies.flatMap { $0.keys }.first { $0.name == key }?.option
    }
  }

  // MARK: Strategy

  private typealias Choice = (strategy: any SearchStrategy.Type, key: StrategyKey)

  /// The strategies that the given options choose.
  private func chosen(among strategies: [any SearchStrategy.Type]) -> [Choice] {
    strategies.compactMap { type in
      type.keys.first { $0.choosesStrategy && strategy[$0.name] != nil }.map { (type, $0) }
    }
  }

  /// Whether these settings determine the strategy without those of a file.
  func replacesStrategy(among strategies: [any SearchStrategy.Type]) -> Bool {
    guard let chosen = chosen(among: strategies).first?.strategy else { return false }
    return chosen.keys.allSatisfy { $0.required == nil || strategy[$0.name] != nil }
  }

  /// Checks the types of the options for the strategy, and that they belong to one strategy.
  /// - Throws: ``SweepError`` that names the options.
  package func checkStrategy(among strategies: [any SearchStrategy.Type] = SearchStrategies.all) throws(SweepError) {
    for key in strategies.flatMap({ $0.keys }) {
      if let text = strategy[key.name] { try key.check(text, as: "--\(key.option)") }
    }
    let chosen = chosen(among: strategies)
    if chosen.count > 1 {
      throw SweepError("--\(chosen[0].key.option) and --\(chosen[1].key.option) cannot be combined")
    }
    guard let choice = chosen.first else { return }
    for type in strategies where type != choice.strategy {
      let foreign = type.keys.first { key in
        strategy[key.name] != nil && !choice.strategy.keys.contains { $0.name == key.name }
      }
      guard let foreign else { continue }
      throw SweepError("\(Self.requirement(of: foreign, type)), which cannot be combined with --\(choice.key.option)")
    }
  }

  /// Returns the beginning of an error: "--factor requires --halving".
  private static func requirement(of key: StrategyKey, _ type: any SearchStrategy.Type) -> String {
    let chooser = type.keys.first(where: \.choosesStrategy)?.option
    return "--\(key.option) requires " + (chooser.map { "--\($0)" } ?? "`strategy: \(type.name)`")
  }

  /// Whether the options choose the same word for a key as other values do. Numbers may differ.
  private func isEqual(_ key: StrategyKey, in values: [String: String]) -> Bool {
    guard case .choice = key.kind else { return true }
    return values[key.name] == strategy[key.name]
  }

  private func strategy(
    over before: SweepDefinition.Strategy, among strategies: [any SearchStrategy.Type]
  ) throws(SweepError) -> SweepDefinition.Strategy {
    try checkStrategy(among: strategies)
    let choice = chosen(among: strategies).first
    let type = choice?.strategy ?? before.type
    for other in strategies where other != type {
      let foreign = other.keys.first { key in
        strategy[key.name] != nil && !type.keys.contains { $0.name == key.name }
      }
      guard let foreign else { continue }
      throw SweepError("\(Self.requirement(of: foreign, other)), or a sweep file with `strategy: \(other.name)`")
    }
    // The other values of a file with the same strategy are kept, unless the options choose another resource.
    let isSame = type == before.type && choice.map { isEqual($0.key, in: before.value.values) } ?? true
    let values = (isSame ? before.value.values : [:]).merging(strategy) { $1 }
    let option = choice?.key.option
    return SweepDefinition.Strategy(
      try type.init(
        StrategyValues(
          values, of: type,
          missing: { key in
            SweepError("--\(option ?? type.name) requires --\(key.option)")
          })))
  }
}
