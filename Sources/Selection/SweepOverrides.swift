/// Settings of a search that a command line gives: they win over what a sweep file says, and over the defaults. Nil where it gives none.
package struct SweepOverrides: Sendable, Equatable {
  package var folds: Int?
  package var holdOut: Double?
  package var draws: Int?
  package var halving: SuccessiveHalving.Resource?
  package var factor: Int?
  package var leastResource: Int?
  package var mostResource: Int?
  package var scoring: ScoreMetric?
  package var images: Int?
  package var seed: UInt64?
  package var refit: Bool?

  package init() {}

  /// Whether the strategy follows from these settings alone, whatever a file says.
  var replacesStrategy: Bool { draws != nil || (halving != nil && mostResource != nil) }

  /// Puts the settings into a definition.
  /// - Throws: ``SweepError`` for settings that need others. Whether values make sense is found out by ``SweepDefinition/check()``.
  package func apply(to definition: inout SweepDefinition) throws(SweepError) {
    if let folds { definition.splits = .folds(folds) }
    if let holdOut { definition.splits = .holdOut(holdOut) }
    definition.strategy = try strategy(over: definition.strategy)
    definition.scoring = scoring ?? definition.scoring
    definition.images = images ?? definition.images
    definition.seed = seed ?? definition.seed
    definition.refit = refit ?? definition.refit
  }

  private func strategy(over before: SweepDefinition.Strategy) throws(SweepError) -> SweepDefinition.Strategy {
    if let draws { return .random(draws) }
    var known: SuccessiveHalving?
    if case .halving(let halving) = before { known = halving }
    guard let resource = halving ?? known?.resource else {
      for (name, value) in [("factor", factor), ("min-resource", leastResource), ("max-resource", mostResource)] {
        if value != nil { throw SweepError("--\(name) belongs to --halving, or to a sweep file that has it") }
      }
      return before
    }
    guard let most = mostResource ?? known?.most else { throw SweepError("--halving needs --max-resource") }
    return .halving(
      SuccessiveHalving(
        resource: resource, factor: factor ?? known?.factor ?? 3, least: leastResource ?? known?.least ?? 1, most: most)
    )
  }
}
