internal import Compute
internal import Foundation
package import Models

/// A search: a model, its search spaces, and how configurations are chosen and scored.
package struct SweepDefinition: Sendable, Equatable, Codable {
  package enum Strategy: Sendable, Equatable, Codable {
    /// All combinations.
    case grid
    /// The given number of random samples.
    case random(Int)
    /// All combinations with little of a resource, the best with more.
    case halving(SuccessiveHalving)
  }

  package var model: ModelKind
  /// The search spaces, searched one after the other.
  package var spaces: [ParameterSpace]
  /// A name or a folder, like the value of `--data`; nil: the default data set.
  package var data: String?
  package var splits = DataSplits.folds(3)
  package var strategy = Strategy.grid
  package var scoring = ScoreMetric.accuracy
  package var seed: UInt64 = 0
  /// The most training images to divide, sampled with the same fraction of each class; nil: all.
  package var images: Int?
  /// Whether the best configuration is fitted on all training images at the end.
  package var refit = true

  package init(_ model: ModelKind, spaces: [ParameterSpace]) { (self.model, self.spaces) = (model, spaces) }

  package static let mostConfigurations = 100_000

  /// Returns the configurations that the search starts with, without duplicates.
  /// - Throws: ``SweepError`` if the space contains a range that the strategy cannot enumerate, or too many
  ///   configurations.
  package func configurations() throws(SweepError) -> [Configuration] {
    let count = spaces.reduce(0 as Int?) { sum, space in
      guard let sum, let count = space.count(model) else { return nil }
      return sum.addingReportingOverflow(count).overflow ? .max : sum + count
    }
    switch strategy {
    case .grid, .halving:
      guard let count, !spaces.contains(where: \.hasRange) else {
        throw SweepError("a range requires `strategy: random`; the other strategies need a list of values")
      }
      guard count <= Self.mostConfigurations else {
        throw SweepError("the search space has \(count) configurations; the limit is \(Self.mostConfigurations)")
      }
      return distinct(spaces.flatMap { $0.grid(model) })
    case .random(let samples):
      // If there are not more combinations than samples, the search covers all of them.
      if let count, count <= samples { return distinct(spaces.flatMap { $0.grid(model) }) }
      var (found, seen): ([Configuration], SeenConfigurations) = ([], SeenConfigurations(model))
      // Consecutive samples that were duplicates; many of them mean that hardly any other configuration is left.
      var duplicates = 0
      for number in 0..<100 * samples {
        guard found.count < samples, duplicates < Self.mostDuplicates + 10 * found.count else { break }
        let space = spaces[number % spaces.count]
        let configuration = space.sample(number, of: model, seed: seed)
        duplicates += 1
        if seen.insert(configuration, of: space) {
          found.append(configuration)
          duplicates = 0
        }
      }
      return found
    }
  }

  private static let mostDuplicates = 1_000

  private func distinct(_ configurations: [Configuration]) -> [Configuration] {
    var seen = SeenConfigurations(model)
    return configurations.filter { seen.insert($0) }
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
    try require(images ?? 1 >= 1, "images", "images must be at least 1")
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
    switch strategy {
    case .grid: break
    case .random(let samples):
      try require(
        1...Self.mostConfigurations ~= samples, "samples",
        "samples must be from 1 to \(Self.mostConfigurations), not \(samples)")
    case .halving(let halving):
      try require(2...100 ~= halving.factor, "factor", "factor must be from 2 to 100, not \(halving.factor)")
      try require(
        halving.least >= 1 && halving.least <= halving.most, "min-resource",
        "min-resource must be from 1 to max-resource")
      try require(
        halving.resource == .images || model.setting(halving.resource.rawValue) != nil, "resource",
        "\(halving.resource.rawValue) cannot be the resource of halving for \(model.rawValue)")
      try require(
        halving.resource == .images || !spaces.contains { $0.values[halving.resource.rawValue] != nil },
        halving.resource.rawValue,
        "\(halving.resource.rawValue) is the resource of halving; remove it from the space")
    }
    try require(!configurations().isEmpty, "space", "the search space contains no configuration")
  }
}

/// Finds duplicates: configurations with equal settings, however their values are written.
private struct SeenConfigurations {
  private let model: ModelKind
  private var canonical: [Configuration.Parameter: String] = [:]
  private var known: Set<[String: String]> = []

  init(_ model: ModelKind) { self.model = model }

  /// Adds a configuration.
  /// - Parameter space: the space that it was sampled from; nil if it comes from a grid
  /// - Returns: false if its settings equal those of an earlier one
  mutating func insert(_ configuration: Configuration, of space: ParameterSpace? = nil) -> Bool {
    var settings: [String: String] = [:]
    for parameter in configuration.parameters {
      if case .range? = space?.values[parameter.name] {
        // Equal values of a range have equal texts.
        settings[parameter.name] = parameter.value
        continue
      }
      let text = canonical[parameter] ?? (try? Configuration.canonical(parameter.value, of: parameter.name, model))
      canonical[parameter] = text ?? parameter.value
      settings[parameter.name] = text ?? parameter.value
    }
    return known.insert(settings).inserted
  }
}
