import Foundation
import Models
import Selection
import Testing

/// Definitions are stored in the record of a run, so their form must remain that of earlier versions.
@Suite struct StrategyCodingTests {
  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  @Test(arguments: [
    (SweepDefinition.Strategy.grid, #"{"grid":{}}"#),
    (.random(7), #"{"random":{"_0":7}}"#),
    (
      .halving(SuccessiveHalving(resource: .epochs, factor: 3, least: 1, most: 9)),
      #"{"halving":{"_0":{"factor":3,"least":1,"most":9,"resource":"epochs"}}}"#
    ),
    (
      .halving(SuccessiveHalving(resource: .images, factor: 2, least: 50, most: 900)),
      #"{"halving":{"_0":{"factor":2,"least":50,"most":900,"resource":"images"}}}"#
    ),
  ]) func strategyHasTheFormOfEarlierVersions(strategy: SweepDefinition.Strategy, text: String) throws {
    #expect(try Self.json(strategy) == text)
    #expect(try JSONDecoder().decode(SweepDefinition.Strategy.self, from: Data(text.utf8)) == strategy)
  }

  @Test func definitionHasTheFormOfEarlierVersions() throws {
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": .list(["3"])])])
    definition.strategy = .random(7)
    let text = """
      {"model":"tree","refit":true,"scoring":"accuracy","seed":0,"spaces":[{"values":{"max-depth":{"list":{"_0":["3"]}\
      }}}],"splits":{"folds":{"_0":3}},"strategy":{"random":{"_0":7}}}
      """
    #expect(try Self.json(definition) == text)
    #expect(try JSONDecoder().decode(SweepDefinition.self, from: Data(text.utf8)) == definition)
  }

  @Test(arguments: [
    "{}", #"{"grid":{},"random":{"_0":7}}"#, #"{"unknown":{}}"#, #"{"random":{}}"#, #"{"random":7}"#,
    #"{"halving":{"_0":{"factor":3,"least":1,"most":9,"resource":"time"}}}"#, #"[]"#,
  ]) func damagedStrategyIsAnError(text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(SweepDefinition.Strategy.self, from: Data(text.utf8))
    }
  }

  /// A strategy is equal to the one that is created from its values.
  @Test func valuesDescribeAStrategy() throws {
    let halving = SuccessiveHalving(resource: .trees, factor: 4, least: 2, most: 90)
    for strategy in [SweepDefinition.Strategy.grid, .random(3), .halving(halving)] {
      let values = StrategyValues(strategy.value.values, of: strategy.type)
      #expect(try SweepDefinition.Strategy(strategy.type.init(values)) == strategy)
    }
    #expect(Set(SearchStrategies.all.map { $0.name }).count == SearchStrategies.all.count)
  }
}
