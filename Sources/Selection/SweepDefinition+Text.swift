internal import Foundation

extension SweepDefinition {
  /// Reads the definition from the record of a run; nil if it is not that of a sweep.
  package init?(recorded text: String) {
    guard let definition = try? JSONDecoder().decode(SweepDefinition.self, from: Data(text.utf8)) else { return nil }
    self = definition
  }

  /// The settings as text, by their keys in a sweep file.
  package var rows: [(key: String, value: String)] {
    var rows: [(key: String, value: String)] = []
    func add(_ key: String, _ value: String) { rows.append((key, value)) }
    for space in spaces {
      for (name, values) in space.values.sorted(by: { $0.key < $1.key }) { add(name, values.text) }
    }
    switch splits {
    case .folds(let count): add("folds", "\(count)")
    case .holdOut(let fraction): add("hold-out", "\(fraction)")
    }
    add("strategy", strategy.type.name)
    for (key, value) in strategy.value.values.sorted(by: { $0.key < $1.key }) { add(key, value) }
    for (key, value) in (dataOptions ?? [:]).sorted(by: { $0.key < $1.key }) { add(key, value) }
    if let images { add("images", "\(images)") }
    add("scoring", scoring.rawValue)
    add("seed", "\(seed)")
    add("refit", "\(refit)")
    return rows
  }
}

extension ParameterSpace.Values {
  /// The values, separated as on the command line.
  fileprivate var text: String {
    switch self {
    case .list(let values): values.joined(separator: values.contains { $0.contains(",") } ? "; " : ", ")
    case .range(let low, let high, let isLogarithmic): "\(low) to \(high)\(isLogarithmic ? ", logarithmic" : "")"
    }
  }
}
