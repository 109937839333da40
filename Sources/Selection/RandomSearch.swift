internal import Compute
internal import Text

/// Evaluates a number of random samples of the spaces, without duplicates.
package struct RandomSearch: SearchStrategy {
  package static let name = "random"
  package static let keys = [
    StrategyKey(
      "samples", .integer, required: "the number of configurations", choosesStrategy: true,
      help: "Number of configurations to sample at random, instead of searching all")
  ]
  package static let acceptsRanges = true

  package let samples: Int

  /// The form of earlier versions, in which strategies were the cases of an enumeration.
  private enum CodingKeys: String, CodingKey { case samples = "_0" }

  package init(samples: Int) { self.samples = samples }

  package init(_ values: StrategyValues) throws(SweepError) { samples = try values.integer("samples")! }

  package var values: [String: String] { ["samples": "\(samples)"] }

  package func check(_ definition: SweepDefinition) throws(SweepError) {
    guard 1...SweepDefinition.mostConfigurations ~= samples else {
      throw SweepError(
        "samples must be from 1 to \(SweepDefinition.mostConfigurations), not \(samples)", key: "samples")
    }
  }

  package func trials(of definition: SweepDefinition) throws(SweepError) -> any TrialSource {
    FixedTrials(try configurations(of: definition))
  }

  private func configurations(of definition: SweepDefinition) throws(SweepError) -> [Configuration] {
    // If there are not more combinations than samples, the search covers all of them.
    if let count = definition.combinationCount, count <= samples { return try definition.grid() }
    let (model, spaces) = (definition.model, definition.spaces)
    var (found, seen): ([Configuration], SeenConfigurations) = ([], SeenConfigurations(model))
    // Consecutive samples that were duplicates; many of them mean that hardly any other configuration is left.
    var duplicates = 0
    for number in 0..<100 * samples {
      guard found.count < samples, duplicates < Self.mostDuplicates + 10 * found.count else { break }
      let space = spaces[number % spaces.count]
      let configuration = space.sample(number, of: model, seed: definition.seed)
      duplicates += 1
      if seen.insert(configuration, of: space) {
        found.append(configuration)
        duplicates = 0
      }
    }
    return found
  }

  private static let mostDuplicates = 1_000

  package func warning(count: Int) -> String? {
    guard count < samples else { return nil }
    return """
      the search space has only \(counted(count, "distinct configuration")) (no others were found), but \
      \(samples) are to be sampled; \(count == 1 ? "it is" : "all \(count) are") searched
      """
  }
}
