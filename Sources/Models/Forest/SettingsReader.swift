/// Parses settings by name, with errors that say what is allowed.
struct SettingsReader {
  private var remaining: [String: String]
  private var names: [String] = []
  private let model: String

  /// - Parameter model: the model in error messages: "a forest"
  init(_ text: [String: String], of model: String) { (remaining, self.model) = (text, model) }

  /// Returns the setting `name`, or `fallback` if it is missing.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if `parse` returns nil.
  mutating func value<Value>(
    _ name: String, default fallback: Value, allowed: String, _ parse: (String) -> Value?
  ) throws(ModelError) -> Value {
    names.append(name)
    guard let text = remaining.removeValue(forKey: name) else { return fallback }
    guard let value = parse(text) else {
      throw .badSettings("\(name) must be \(allowed), not \"\(text.prefix(200))\"")
    }
    return value
  }

  /// Returns the integer setting `name`, or `fallback` if it is missing.
  mutating func integer(_ name: String, default fallback: Int, from least: Int, to most: Int = .max) throws(ModelError)
    -> Int
  {
    let allowed = most == .max ? "an integer from \(least)" : "an integer from \(least) to \(most)"
    return try value(name, default: fallback, allowed: allowed) { text in
      Int(text).flatMap { $0 >= least && $0 <= most ? $0 : nil }
    }
  }

  /// Checks that all settings were read.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if `text` has an unknown setting.
  func finish() throws(ModelError) {
    guard let unknown = remaining.keys.min() else { return }
    throw .badSettings(
      "\(model) has no setting \"\(unknown)\"; expected one of \(names.sorted().joined(separator: ", "))")
  }
}
