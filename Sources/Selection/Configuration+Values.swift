internal import Models

/// The values that a parameter can have, whatever the data are.
extension Configuration {
  /// Returns the value as the settings write it, so that `3` and `03` are equal.
  /// - Throws: ``SweepError`` for a value that this parameter cannot have, with the nearest valid word if values are
  ///   words.
  static func canonical(_ value: String, of name: String, _ kind: ModelKind) throws(SweepError) -> String {
    do throws(ModelError) { return try kind.settingsType.canonical(value, of: name) } catch {
      guard !value.isEmpty else { throw SweepError("\(name) has an empty value", key: name) }
      let words = kind.setting(name)?.values.words ?? []
      if !words.isEmpty { throw SweepError(value, of: name, isNoneOf: words) }
      throw SweepError("\(error)", key: name)
    }
  }
}
