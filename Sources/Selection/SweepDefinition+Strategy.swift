extension SweepDefinition {
  /// Any of the strategies. Its coded form is an object with the name of the strategy as its only key.
  package struct Strategy: Sendable {
    package let value: any SearchStrategy

    package init(_ value: any SearchStrategy) { self.value = value }

    /// All combinations.
    package static let grid = Strategy(GridSearch())
    /// The given number of random samples.
    package static func random(_ samples: Int) -> Strategy { Strategy(RandomSearch(samples: samples)) }
    /// All combinations with little of a resource, the best with more.
    package static func halving(_ halving: SuccessiveHalving) -> Strategy { Strategy(HalvingSearch(halving)) }

    package var type: any SearchStrategy.Type { Swift.type(of: value) }
  }
}

extension SweepDefinition.Strategy: Equatable {
  package static func == (first: Self, second: Self) -> Bool { first.value.equals(second.value) }
}

extension SearchStrategy {
  fileprivate func equals(_ other: any SearchStrategy) -> Bool { other as? Self == self }
}

extension SweepDefinition.Strategy: Codable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    let name = container.allKeys.first
    guard let name, container.allKeys.count == 1,
      let type = SearchStrategies.all.first(where: { $0.name == name.stringValue })
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "expected the name of one search strategy"))
    }
    self.init(try container.decode(type, forKey: name))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    try container.encode(value, forKey: Name(stringValue: type.name))
  }
}
