internal import Models
internal import Text

/// Successive halving as a strategy: all combinations with little of a resource, the best with more.
package struct HalvingSearch: SearchStrategy {
  package static let name = "halving"
  package static let keys = [
    StrategyKey(
      "resource", option: "halving", .choice(SuccessiveHalving.Resource.names),
      required: "which grows from rung to rung: \(SuccessiveHalving.Resource.listed)", choosesStrategy: true,
      help: """
        Successive halving by this resource (\(SuccessiveHalving.Resource.listed)): the best configurations get more \
        of it
        """),
    StrategyKey(
      "factor", .integer,
      help: "With --halving: one of N configurations is promoted to the next rung (default: 3)"),
    StrategyKey(
      "min-resource", .integer,
      help: """
        With --halving: minimum resource of the first rung (default: 1; of images, \
        \(SuccessiveHalving.leastImagesPerClass) of each class)
        """),
    StrategyKey(
      "max-resource", .integer, required: "the resource of the last rung",
      help: "With --halving: resource of the last rung"),
  ]

  package let halving: SuccessiveHalving

  /// The form of earlier versions, in which strategies were the cases of an enumeration.
  private enum CodingKeys: String, CodingKey { case halving = "_0" }

  package init(_ halving: SuccessiveHalving) { self.halving = halving }

  package init(_ values: StrategyValues) throws(SweepError) {
    let resource = SuccessiveHalving.Resource(rawValue: try values.word("resource")!)!
    halving = SuccessiveHalving(
      resource: resource, factor: try values.integer("factor") ?? 3, least: try values.integer("min-resource"),
      most: try values.integer("max-resource")!)
  }

  package var values: [String: String] {
    var values = [
      "resource": halving.resource.rawValue, "factor": "\(halving.factor)", "max-resource": "\(halving.most)",
    ]
    if let least = halving.least { values["min-resource"] = "\(least)" }
    return values
  }

  package var resource: SuccessiveHalving.Resource? { halving.resource }

  package func check(_ definition: SweepDefinition) throws(SweepError) {
    func require(_ condition: Bool, _ key: String, _ reason: String) throws(SweepError) {
      if !condition { throw SweepError(reason, key: key) }
    }
    try require(2...100 ~= halving.factor, "factor", "factor must be from 2 to 100, not \(halving.factor)")
    try require(halving.most >= 1, "max-resource", "max-resource must be at least 1, not \(halving.most)")
    try require(
      halving.least ?? 1 >= 1 && halving.least ?? 1 <= halving.most, "min-resource",
      "min-resource must be from 1 to max-resource (\(halving.most)), not \(halving.least ?? 1)")
    let (model, possible) = (definition.model, SuccessiveHalving.Resource.names(for: definition.model))
    try require(
      possible.contains(halving.resource.rawValue), "resource",
      "resource must be \(possible.alternatives) for \(model.rawValue), not \(halving.resource.rawValue)"
    )
    guard let setting = halving.resource.setting else {
      return try require(
        definition.images == nil, "images", "images cannot be combined with halving by images")
    }
    try require(
      !definition.spaces.contains { $0.values[setting] != nil }, setting,
      "\(setting) is the resource of halving; remove it from the space")
    do { _ = try Configuration.canonical("\(halving.most)", of: setting, model) } catch {
      throw SweepError("max-resource is too large: \(error)", key: "max-resource")
    }
  }

  package func resolved(imageCount: Int, classCount: Int) throws(SweepError) -> Self {
    Self(try halving.resolved(imageCount: imageCount, classCount: classCount))
  }

  package func trials(of definition: SweepDefinition) throws(SweepError) -> any TrialSource {
    HalvingTrials(halving, try definition.grid())
  }
}

/// The trials of successive halving.
private struct HalvingTrials: TrialSource {
  private let configurations: [Configuration]
  let rungs: [Int?]
  private var decisions: RungDecisions

  init(_ halving: SuccessiveHalving, _ configurations: [Configuration]) {
    (self.configurations, rungs) = (configurations, halving.rungs)
    decisions = RungDecisions(count: configurations.count, rungs: rungs.count, factor: halving.factor)
  }

  func begin() -> [Proposal] { proposals(configurations.indices.map { TrialPlace(rung: 0, configuration: $0) }) }

  mutating func note(_ score: Double, of trial: TrialPlace) -> [Proposal] {
    proposals(decisions.note(score, of: trial))
  }

  private func proposals(_ places: [TrialPlace]) -> [Proposal] {
    places.map { Proposal($0, configurations[$0.configuration]) }
  }

  func count(of rung: Int) -> RungCount { decisions.count(of: rung) }
}
