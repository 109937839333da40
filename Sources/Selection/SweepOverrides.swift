/// Settings of a search from the command line, which take precedence over those of a sweep file and over the defaults.
/// Nil where the command line gives none.
package struct SweepOverrides: Sendable, Equatable {
  package var folds: Int?
  package var holdOut: Double?
  package var samples: Int?
  package var halving: SuccessiveHalving.Resource?
  package var factor: Int?
  package var leastResource: Int?
  package var mostResource: Int?
  package var scoring: ScoreMetric?
  package var images: Int?
  package var seed: UInt64?
  package var refit: Bool?

  package init() {}

  /// Whether these settings determine the strategy without those of a file.
  var replacesStrategy: Bool { samples != nil || (halving != nil && mostResource != nil) }

  /// Applies the settings to a definition. Values are not checked; see ``SweepDefinition/check()``.
  /// - Throws: ``SweepError`` if a setting requires another one that is missing.
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
    if let samples { return .random(samples) }
    var known: SuccessiveHalving?
    if case .halving(let halving) = before { known = halving }
    guard let resource = halving ?? known?.resource else {
      for (name, value) in [("factor", factor), ("min-resource", leastResource), ("max-resource", mostResource)] {
        if value != nil { throw SweepError("--\(name) requires --halving, or a sweep file with `strategy: halving`") }
      }
      return before
    }
    guard let most = mostResource ?? known?.most else { throw SweepError("--halving requires --max-resource") }
    return .halving(
      SuccessiveHalving(
        resource: resource, factor: factor ?? known?.factor ?? 3, least: leastResource ?? known?.least ?? 1, most: most)
    )
  }
}
