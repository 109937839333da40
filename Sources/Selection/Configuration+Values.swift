internal import Models

/// What values a parameter can have at all, before any data are seen.
extension Configuration {
  /// The value as the settings write it, so that `3` and `03` are the same.
  /// - Throws: ``SweepError`` for what is no value of this parameter, with the nearest that is.
  static func canonical(_ value: String, of name: String, _ kind: ModelKind) throws(SweepError) -> String {
    var parameters = [Parameter(name, value)]
    // Of a value alone nothing is asked that another parameter decides: shards are as many as a batch's images, or fewer.
    if kind == .cnn { parameters += name == "shards" ? [Parameter("batch", "65536")] : [Parameter("shards", "1")] }
    do throws(ModelError) {
      let settings = try Configuration(kind, parameters).settings(seed: 0)
      return settings.text[name] ?? value
    } catch {
      guard !value.isEmpty else { throw SweepError("\(name) has an empty value", key: name) }
      if let words = words[name] { throw SweepError(unknown: value, among: words, in: name, key: name) }
      throw SweepError("\(error)", key: name)
    }
  }

  /// Whether a parameter that has numbers as values takes any number, and not whole ones alone. It decides what a range holds.
  static func isReal(_ name: String) -> Bool { realNumbers.contains(name) }

  private static let realNumbers: Set<String> = [
    "dropout", "learning-rate", "weight-decay", "label-smoothing", "validation", "weight-average", "max-features",
    "whitening",
  ]

  /// The values of those parameters that are words.
  private static let words: [String: [String]] = [
    "criterion": TreeSettings.Criterion.allCases.map(\.rawValue), "bootstrap": flags,
    "metric": Metric.allCases.map(\.rawValue), "weights": Weighting.allCases.map(\.rawValue),
    "padding": Padding.allCases.map(\.rawValue), "optimizer": OptimizerKind.allCases.map(\.rawValue),
    "schedule": LearningRateSchedule.allCases.map(\.rawValue), "batch-norm": flags, "mirror": flags,
  ]
  private static let flags = ["true", "false"]
}

extension ParameterSpace {
  /// - Throws: ``SweepError`` for values that a parameter cannot have, whatever the data are.
  static func check(_ values: Values, of name: String, _ kind: ModelKind) throws(SweepError) {
    func require(_ condition: Bool, _ reason: String) throws(SweepError) {
      if !condition { throw SweepError("\(name)\(reason)", key: name) }
    }
    switch values {
    case .list(let list):
      try require(!list.isEmpty, " has no values")
      for value in list { _ = try Configuration.canonical(value, of: name, kind) }
    case .range(let low, let high, let isLogarithmic):
      try require(low.isFinite && high.isFinite && low < high, ": low must be below high")
      try require(abs(low) <= 1e9 && abs(high) <= 1e9, ": a range ends at 1e9")
      try require(!isLogarithmic || low > 0, ": a logarithmic range begins above 0")
      let (first, last) = (low.rounded(.up), high.rounded(.down))
      if !Configuration.isReal(name), first != low || last != high {
        let isPossible = first < last && [first, last].allSatisfy { Self.isValue("\(Int($0))", of: name, kind) }
        throw SweepError(
          "\(name) is a whole number, and so are the ends of its range"
            + (isPossible ? ": write {low: \(Int(first)), high: \(Int(last))}" : ""), key: name)
      }
      for share in [0.0, 1] {
        _ = try Configuration.canonical(text(name, share, low, high, isLogarithmic), of: name, kind)
      }
    }
  }

  private static func isValue(_ text: String, of name: String, _ kind: ModelKind) -> Bool {
    (try? Configuration.canonical(text, of: name, kind)) != nil
  }
}
