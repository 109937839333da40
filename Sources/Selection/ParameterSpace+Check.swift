internal import Models

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
      if let values = kind.setting(name)?.values, ![.integer, .real].contains(values.kind) {
        throw SweepError("\(name) is not a single number: give a list of values instead of a range", key: name)
      }
      try require(low.isFinite && high.isFinite && low < high, ": low must be less than high")
      try require(abs(low) <= 1e9 && abs(high) <= 1e9, ": the ends of a range must be between -1e9 and 1e9")
      try require(!isLogarithmic || low > 0, ": low must be greater than 0 in a logarithmic range")
      let (first, last) = (low.rounded(.up), high.rounded(.down))
      if !Self.isReal(name, kind), first != low || last != high {
        let isPossible = first < last && [first, last].allSatisfy { Self.isValue("\(Int($0))", of: name, kind) }
        throw SweepError(
          "\(name) is an integer, so the ends of its range must be integers"
            + (isPossible ? ": write {low: \(Int(first)), high: \(Int(last))}" : ""), key: name)
      }
      for fraction in [0.0, 1] {
        _ = try Configuration.canonical(
          text(fraction, low, high, isLogarithmic, isInteger: !isReal(name, kind)), of: name, kind)
      }
    }
  }

  /// Whether a numeric parameter takes real numbers, not only integers. Decides which values a range contains.
  static func isReal(_ name: String, _ kind: ModelKind) -> Bool {
    kind.setting(name)?.values.kind == .real
  }

  private static func isValue(_ text: String, of name: String, _ kind: ModelKind) -> Bool {
    (try? Configuration.canonical(text, of: name, kind)) != nil
  }
}
