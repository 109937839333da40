/// Takes settings out of text by name, and says what is wrong with those it cannot use.
struct SettingsReader {
  private var left: [String: String]
  private var names: [String] = []
  private let model: String

  /// - Parameter model: what the settings are for, as an error names it: "a forest".
  init(_ text: [String: String], of model: String) { (left, self.model) = (text, model) }

  /// The setting `name`, or `fallback` if it is missing.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if `parse` returns nil.
  mutating func value<Value>(
    _ name: String, default fallback: Value, allowed: String, _ parse: (String) -> Value?
  ) throws(ModelError) -> Value {
    names.append(name)
    guard let text = left.removeValue(forKey: name) else { return fallback }
    guard let value = parse(text) else {
      throw .badSettings("\(name) of \(model) is \"\(text.prefix(200))\"; it must be \(allowed)")
    }
    return value
  }

  mutating func integer(_ name: String, default fallback: Int, from least: Int, to most: Int = .max) throws(ModelError)
    -> Int
  {
    let allowed = most == .max ? "an integer from \(least)" : "an integer from \(least) to \(most)"
    return try value(name, default: fallback, allowed: allowed) { text in
      Int(text).flatMap { $0 >= least && $0 <= most ? $0 : nil }
    }
  }

  /// - Throws: ``ModelError/badSettings(_:)`` if a setting is left over.
  func finish() throws(ModelError) {
    guard let unknown = left.keys.min() else { return }
    throw .badSettings("\(model) has no setting \"\(unknown)\"; it has \(names.sorted().joined(separator: ", "))")
  }
}
