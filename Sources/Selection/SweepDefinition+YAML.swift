internal import Datasets
internal import Foundation
internal import Models
internal import Text
internal import Yams

extension SweepDefinition {
  private static func keys(_ strategies: [any SearchStrategy.Type]) -> [String] {
    var keys = ["data"] + DatasetOptions.Name.allCases.map(\.rawValue)
    keys += ["model", "space", "folds", "hold-out", "strategy"]
    for key in strategies.flatMap({ $0.keys }) where !keys.contains(key.name) { keys.append(key.name) }
    return keys + ["scoring", "seed", "images", "refit"]
  }

  /// Reads a sweep file: one sweep, or several separated by lines of `---`.
  /// - Parameters:
  ///   - overrides: settings that replace those of every sweep, and that the file may omit
  ///   - strategies: those that the file may name
  /// - Throws: ``SweepError``, which names file and line.
  package static func read(
    yaml text: String, path: String, overrides: SweepOverrides = SweepOverrides(),
    strategies: [any SearchStrategy.Type] = SearchStrategies.all
  ) throws(SweepError) -> [SweepDefinition] {
    let documents = try YAMLDocuments.read(text, path: path)
    guard !documents.isEmpty else {
      throw SweepError("\(path) is empty: expected a sweep file with lines like `model: forest`")
    }
    return try documents.map { root throws(SweepError) in
      try SweepDefinition(root, path: path, overrides: overrides, strategies)
    }
  }

  private init(
    _ root: Node, path: String, overrides: SweepOverrides, _ strategies: [any SearchStrategy.Type]
  ) throws(SweepError) {
    guard let mapping = root.mapping else {
      throw SweepError("\(path) is not a sweep file: expected lines like `model: forest`")
    }
    let reader = SweepFileReader(path: path, mapping: mapping)
    try reader.checkKeys(Self.keys(strategies), in: "a sweep file")
    guard let kind = try reader.choice("model", ModelKind.self) else {
      let names = ModelKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw SweepError("\(path): model is missing: expected one of \(names)")
    }
    self.init(kind, spaces: try reader.spaces(of: kind))
    data = try reader.text("data")
    for name in DatasetOptions.Name.allCases.map(\.rawValue) {
      guard let value = try reader.text(name) else { continue }
      dataOptions = dataOptions ?? [:]
      dataOptions?[name] = value
    }
    if let count = try reader.integer("folds") { splits = .folds(count) }
    if let fraction = try reader.number("hold-out") {
      guard mapping["folds"] == nil else {
        throw reader.error("hold-out", "folds and hold-out cannot be combined")
      }
      splits = .holdOut(fraction)
    }
    if let scoring = try reader.choice("scoring", ScoreMetric.self) { self.scoring = scoring }
    if let seed = try reader.seed("seed") { self.seed = seed }
    images = try reader.integer("images")
    if let refit = try reader.flag("refit") { self.refit = refit }
    let type = try Self.strategyType(reader, strategies)
    do { strategy = try Self.strategy(type, reader, strategies) } catch {
      // An incomplete strategy of the file may be replaced.
      guard overrides.replacesStrategy(among: strategies) else { throw error }
    }
    do {
      try overrides.apply(to: &self, strategies: strategies)
      try check()
    } catch {
      let attributed = overrides.attributing(error, among: strategies)
      // An option has no line in the file.
      throw reader.error(attributed.key ?? "", attributed.description)
    }
  }

  private static func strategyType(
    _ reader: SweepFileReader, _ strategies: [any SearchStrategy.Type]
  ) throws(SweepError) -> any SearchStrategy.Type {
    let name = try reader.text("strategy") ?? Strategy.grid.type.name
    guard let type = strategies.first(where: { $0.name == name }) else {
      throw reader.error(
        "strategy", SweepError(name, of: "strategy", isNoneOf: strategies.map { $0.name }).description)
    }
    return type
  }

  private static func strategy(
    _ type: any SearchStrategy.Type, _ reader: SweepFileReader, _ strategies: [any SearchStrategy.Type]
  ) throws(SweepError) -> Strategy {
    var texts: [String: String] = [:]
    for key in type.keys { texts[key.name] = try reader.text(key.name) }
    for key in strategies.flatMap({ $0.keys }) where reader.has(key.name) && texts[key.name] == nil {
      let readers = strategies.filter { $0.keys.contains { $0.name == key.name } }
      let required = readers.map { "`strategy: \($0.name)`" }.alternatives
      throw reader.error(key.name, "\(key.name) requires \(required)")
    }
    do { return Strategy(try type.init(StrategyValues(texts, of: type))) } catch {
      throw reader.error(error.key ?? "strategy", error.description)
    }
  }
}

/// Reads values from a YAML mapping. Its errors name the line and the column.
private struct SweepFileReader {
  let path: String
  let mapping: Node.Mapping

  func has(_ key: String) -> Bool { mapping[Node(key)] != nil }

  /// Returns an error at the position of a key of the mapping or of a parameter of a space.
  func error(_ key: String, _ reason: String) -> SweepError {
    error(mapping[Node(key)] ?? parameters.first { $0.name == key }?.node, reason)
  }

  private var parameters: [(name: String?, node: Node)] {
    let space = mapping["space"]
    let spaces = space?.sequence.map(Array.init) ?? [space].compactMap { $0 }
    return spaces.flatMap { $0.mapping?.map { ($0.key.scalar?.string, $0.key) } ?? [] }
  }

  private func error(_ node: Node?, _ reason: String) -> SweepError {
    SweepError(path + (node?.mark.map { ", line \($0.line), column \($0.column)" } ?? "") + ": \(reason)")
  }

  /// - Parameter place: what has the keys, for errors
  func checkKeys(_ known: [String], in place: String) throws(SweepError) {
    for (key, _) in mapping {
      guard let name = key.scalar?.string else { throw error(key, "expected a name") }
      guard known.contains(name) else {
        throw error(key, SweepError(unknown: name, among: known, in: place).description)
      }
    }
  }

  func text(_ key: String) throws(SweepError) -> String? {
    guard let node = mapping[Node(key)] else { return nil }
    guard let scalar = node.scalar else { throw error(node, "\(key) must be a single value") }
    return scalar.string
  }

  private func value<Value>(
    _ key: String, _ kind: String, _ parse: (String) -> Value?
  ) throws(SweepError) -> Value? {
    guard let text = try text(key) else { return nil }
    guard let value = parse(text) else {
      throw error(key, "\(key) must be \(kind), not \"\(text.prefix(SweepError.longestQuotation))\"")
    }
    return value
  }

  func integer(_ key: String) throws(SweepError) -> Int? { try value(key, "an integer") { Int($0) } }
  func seed(_ key: String) throws(SweepError) -> UInt64? {
    try value(key, "an integer from 0 to \(UInt64.max)") { UInt64($0) }
  }
  func number(_ key: String) throws(SweepError) -> Double? { try value(key, "a number") { Double($0) } }
  func flag(_ key: String) throws(SweepError) -> Bool? { try value(key, "true or false") { Bool($0) } }

  func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ type: Value.Type
  ) throws(SweepError) -> Value? {
    guard let text = try text(key) else { return nil }
    if let value = Value(rawValue: text) { return value }
    throw error(key, SweepError(text, of: key, isNoneOf: Value.allCases.map(\.rawValue)).description)
  }

  /// Reads one mapping of names to values, or a list of them.
  func spaces(of kind: ModelKind) throws(SweepError) -> [ParameterSpace] {
    guard let node = mapping["space"] else { throw error(nil, "space is missing: expected values of parameters") }
    var spaces: [ParameterSpace] = []
    for node in node.sequence.map(Array.init) ?? [node] { spaces.append(try space(node, of: kind)) }
    return spaces
  }

  private func space(_ node: Node, of kind: ModelKind) throws(SweepError) -> ParameterSpace {
    let names = kind.settingNames
    guard let mapping = node.mapping else { throw error(node, "expected a space with lines like `trees: [100, 200]`") }
    var space: [String: ParameterSpace.Values] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, names.contains(name) else {
        let name = key.scalar?.string ?? "a list"
        throw error(key, SweepError(unknown: name, among: names, in: "the space of this model").description)
      }
      space[name] = try values(value, of: name, kind)
    }
    return ParameterSpace(space)
  }

  private func values(_ node: Node, of name: String, _ kind: ModelKind) throws(SweepError) -> ParameterSpace.Values {
    if let mapping = node.mapping { return try range(mapping, node, of: name) }
    var list: [String] = []
    for item in node.sequence.map(Array.init) ?? [node] {
      if let text = item.scalar?.string {
        list.append(text)
      } else {
        // The value is itself a list, like the filters of a network.
        let parts = item.sequence?.map { $0.scalar?.string }
        guard let parts, !parts.contains(nil) else {
          throw error(item, "\(name): expected a value or a list of numbers")
        }
        list.append(parts.map { $0! }.joined(separator: ","))
      }
      do throws(SweepError) { _ = try Configuration.canonical(list.last!, of: name, kind) } catch {
        throw self.error(item, error.description)
      }
    }
    guard list.count <= SweepDefinition.mostConfigurations else { throw error(node, "\(name) has too many values") }
    return .list(list)
  }

  private func range(
    _ mapping: Node.Mapping, _ node: Node, of name: String
  ) throws(SweepError) -> ParameterSpace.Values {
    let reader = SweepFileReader(path: path, mapping: mapping)
    try reader.checkKeys(["low", "high", "log"], in: "a range")
    guard let low = try reader.number("low"), let high = try reader.number("high") else {
      throw error(node, "\(name): a range requires low and high, and allows `log: true`")
    }
    return .range(low: low, high: high, isLogarithmic: try reader.flag("log") ?? false)
  }
}
