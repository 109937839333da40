internal import Models

/// The values that a parameter can have, whatever the data are.
extension Configuration {
  /// Returns the value as the settings write it, so that `3` and `03` are equal.
  /// - Throws: ``SweepError`` for a value that this parameter cannot have, with the nearest valid word if values are
  ///   words.
  static func canonical(_ value: String, of name: String, _ kind: ModelKind) throws(SweepError) -> String {
    var parameters = [Parameter(name, value)]
    // A value is checked alone: a limit that another parameter sets (shards ≤ batch) is not checked here.
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

  /// Whether a numeric parameter takes real numbers, not only integers. Decides which values a range contains.
  static func isReal(_ name: String) -> Bool { realNumbers.contains(name) }

  private static let realNumbers: Set<String> = [
    "dropout", "learning-rate", "weight-decay", "label-smoothing", "validation", "weight-average", "max-features",
    "whitening",
  ]

  /// The values of parameters whose values are words.
  private static let words: [String: [String]] = [
    "criterion": TreeSettings.Criterion.allCases.map(\.rawValue), "bootstrap": flags,
    "metric": DistanceMetric.allCases.map(\.rawValue), "weights": Weighting.allCases.map(\.rawValue),
    "padding": Padding.allCases.map(\.rawValue), "optimizer": OptimizerKind.allCases.map(\.rawValue),
    "schedule": LearningRateSchedule.allCases.map(\.rawValue), "batch-norm": flags, "mirror": flags,
  ]
  private static let flags = ["true", "false"]
}

extension ParameterSpace {
  /// Checks values without any data.
  /// - Throws: ``SweepError`` for values that the parameter cannot have.
  static func check(_ values: Values, of name: String, _ kind: ModelKind) throws(SweepError) {
    func require(_ condition: Bool, _ reason: String) throws(SweepError) {
      if !condition { throw SweepError("\(name)\(reason)", key: name) }
    }
    switch values {
    case .list(let list):
      try require(!list.isEmpty, " has no values")
      for value in list { _ = try Configuration.canonical(value, of: name, kind) }
    case .range(let low, let high, let isLogarithmic):
      try require(low.isFinite && high.isFinite && low < high, ": low must be less than high")
      try require(abs(low) <= 1e9 && abs(high) <= 1e9, ": the ends of a range must be between -1e9 and 1e9")
      try require(!isLogarithmic || low > 0, ": low must be greater than 0 in a logarithmic range")
      let (first, last) = (low.rounded(.up), high.rounded(.down))
      if !Configuration.isReal(name), first != low || last != high {
        let isPossible = first < last && [first, last].allSatisfy { Self.isValue("\(Int($0))", of: name, kind) }
        throw SweepError(
          "\(name) is an integer, so the ends of its range must be integers"
            + (isPossible ? ": write {low: \(Int(first)), high: \(Int(last))}" : ""), key: name)
      }
      for fraction in [0.0, 1] {
        _ = try Configuration.canonical(text(name, fraction, low, high, isLogarithmic), of: name, kind)
      }
    }
  }

  private static func isValue(_ text: String, of name: String, _ kind: ModelKind) -> Bool {
    (try? Configuration.canonical(text, of: name, kind)) != nil
  }
}
