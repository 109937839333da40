internal import Compute
internal import Datasets
internal import Foundation
package import Models
internal import Text

/// A search: a model, its search spaces, and how configurations are chosen and scored.
package struct SweepDefinition: Sendable, Equatable, Codable {
  package var model: ModelKind
  /// The search spaces, searched one after the other.
  package var spaces: [ParameterSpace]
  /// A name or a folder, like the value of `--data`; nil: the default data set.
  package var data: String?
  /// How the data set is read: ``DatasetOptions/text``; nil: by the defaults.
  package var dataOptions: [String: String]?
  package var splits = DataSplits.folds(3)
  package var strategy = Strategy.grid
  package var scoring = ScoreMetric.accuracy
  package var seed: UInt64 = 0
  /// The most training images to divide, sampled with the same fraction of each class; nil: all.
  package var images: Int?
  /// Whether the best configuration is fitted on all training images at the end.
  package var refit = true

  package init(_ model: ModelKind, spaces: [ParameterSpace]) { (self.model, self.spaces) = (model, spaces) }

  static let mostConfigurations = 100_000

  /// Returns the trials of the search.
  /// - Throws: ``SweepError`` if the space contains a range that the strategy cannot enumerate, or too many
  ///   configurations.
  func trials() throws(SweepError) -> any TrialSource {
    guard strategy.type.acceptsRanges || !spaces.contains(where: \.hasRange) else {
      let names = SearchStrategies.all.filter { $0.acceptsRanges }.map { "`strategy: \($0.name)`" }
      throw SweepError(
        "a range requires \(names.alternatives); the other strategies need a list of values")
    }
    return try strategy.value.trials(of: self)
  }

  /// Returns the configurations that the search starts with, without duplicates.
  /// - Throws: ``SweepError`` like ``trials()``.
  package func configurations() throws(SweepError) -> [Configuration] {
    var trials = try trials()
    return trials.begin().map(\.configuration)
  }

  /// Returns the definition with the defaults that depend on the training images.
  /// - Throws: ``SweepError`` for settings that these images do not allow.
  package func resolved(imageCount: Int, classCount: Int) throws(SweepError) -> SweepDefinition {
    var definition = self
    definition.strategy = Strategy(try strategy.value.resolved(imageCount: imageCount, classCount: classCount))
    return definition
  }

  /// Checks all settings, alone and together.
  /// - Throws: ``SweepError`` for the first that is invalid.
  package func check() throws(SweepError) {
    func require(_ condition: Bool, _ key: String, _ reason: String) throws(SweepError) {
      if !condition { throw SweepError(reason, key: key) }
    }
    switch splits {
    case .folds(let count): try require(2...100 ~= count, "folds", "folds must be from 2 to 100, not \(count)")
    case .holdOut(let fraction):
      try require(
        fraction > 0 && fraction < 1, "hold-out", "hold-out must be greater than 0 and less than 1, not \(fraction)")
    }
    do { _ = try DatasetOptions(text: dataOptions ?? [:]) } catch {
      throw SweepError(error.description, key: error.name)
    }
    try require(images ?? 1 >= 1, "images", "images must be at least 1, not \(images ?? 1)")
    try require(!spaces.isEmpty, "space", "the list of search spaces is empty")
    let known = model.settingNames
    for space in spaces {
      for (name, values) in space.values.sorted(by: { $0.key < $1.key }) {
        guard known.contains(name) else {
          throw SweepError(unknown: name, among: known, in: "the space of \(model.rawValue)", key: "space")
        }
        try ParameterSpace.check(values, of: name, model)
      }
    }
    try strategy.value.check(self)
    try require(!configurations().isEmpty, "space", "the search space contains no configuration")
  }
}
