internal import ArgumentParser
internal import Selection

/// The options of the search strategies, from their keys.
struct StrategyOptions: GeneratedOptions {
  var values: [String: String] = [:]

  private static var keys: [StrategyKey] { SearchStrategies.all.flatMap { $0.keys } }

  /// Strategies with equal keys share their options.
  static var options: [(name: String, option: Option<String?>)] {
    var options: [(name: String, option: Option<String?>)] = []
    for key in keys where !options.contains(where: { $0.name == key.option }) {
      options.append((key.option, Option(key: key)))
    }
    return options
  }

  /// The given values by the names of keys, which differ from those of some options.
  var keyValues: [String: String] {
    var keyValues: [String: String] = [:]
    for key in Self.keys { keyValues[key.name] = values[key.option] ?? keyValues[key.name] }
    return keyValues
  }
}

extension Option<String?> {
  /// An option for a key of a search strategy.
  fileprivate init(key: StrategyKey) {
    var words: [String] = []
    if case .choice(let choices) = key.kind { words = choices }
    self.init(
      name: .customLong(key.option), parsing: words.isEmpty ? .unconditional : .next,
      help: ArgumentHelp("\(key.help).", valueName: words.isEmpty ? "n" : key.name),
      completion: words.isEmpty ? nil : .list(words))
  }
}
