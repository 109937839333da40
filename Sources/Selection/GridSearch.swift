/// Evaluates all combinations of the values.
package struct GridSearch: SearchStrategy {
  package static let name = "grid"
  package static let keys: [StrategyKey] = []

  package init() {}
  package init(_ values: StrategyValues) throws(SweepError) {}

  package var values: [String: String] { [:] }

  package func trials(of definition: SweepDefinition) throws(SweepError) -> any TrialSource {
    FixedTrials(try definition.grid())
  }
}

extension SweepDefinition {
  /// The number of combinations of all spaces; nil if there is a range of real numbers.
  var combinationCount: Int? {
    spaces.reduce(0 as Int?) { sum, space in
      guard let sum, let count = space.count(model) else { return nil }
      return sum.addingReportingOverflow(count).overflow ? .max : sum + count
    }
  }

  /// Returns all combinations of all spaces, without duplicates. Each range must have a finite number of values.
  /// - Throws: ``SweepError`` for too many configurations.
  func grid() throws(SweepError) -> [Configuration] {
    let count = combinationCount ?? .max
    guard count <= Self.mostConfigurations else {
      throw SweepError("the search space has \(count) configurations; the limit is \(Self.mostConfigurations)")
    }
    var seen = SeenConfigurations(model)
    return spaces.flatMap { $0.grid(model) }.filter { seen.insert($0) }
  }
}
