/// The settings of one family of models. Each setting is declared once, in the schema.
package protocol FamilySettings: Sendable, Equatable {
  static var schema: [Setting<Self>] { get }

  /// Creates the default settings.
  init()

  /// Adjusts the settings of a preset before others replace some of them.
  /// - Parameter text: the values that follow, by name
  mutating func prepare(for text: [String: String])

  /// Checks the constraints between settings.
  ///
  /// - Throws: ``ModelError/badSettings(_:)``
  func checkCombination() throws(ModelError)
}

extension FamilySettings {
  package mutating func prepare(for text: [String: String]) {}
  package func checkCombination() throws(ModelError) {}

  /// The settings as text, by name. ``init(complete:)`` reads it.
  package var text: [String: String] {
    Dictionary(uniqueKeysWithValues: Self.schema.map { ($0.facts.name, $0.write(self)) })
  }

  /// Reads settings.
  ///
  /// - Parameters:
  ///   - text: the values by name
  ///   - base: the values of settings that are missing
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed.
  package init(_ text: [String: String], base: Self = Self()) throws(ModelError) {
    self = base
    for name in text.keys.sorted() { try set(name, to: text[name]!) }
    try checkCombination()
  }

  /// Reads settings that another process or an earlier run has written. A setting that is missing is an error: its
  /// default may have been another one.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting is missing, unknown or invalid.
  package init(complete text: [String: String]) throws(ModelError) {
    if let missing = Self.schema.first(where: { text[$0.facts.name] == nil }) {
      throw .badSettings("the setting \(missing.facts.name) is missing")
    }
    try self.init(text)
  }

  /// Reads the settings of a saved model, which must be complete.
  ///
  /// - Throws: ``ModelError/badModel(_:)`` if a setting is missing, unknown or invalid.
  package init(saved text: [String: String]) throws(ModelError) {
    do { try self.init(complete: text) } catch { throw .badModel("invalid settings: \(error)") }
  }

  /// - Throws: ``ModelError/badSettings(_:)`` if there is no such setting, or it cannot have the value.
  mutating func set(_ name: String, to text: String) throws(ModelError) {
    guard let setting = Self.schema.first(where: { $0.facts.name == name }) else {
      let names = Self.schema.map(\.facts.name).sorted().joined(separator: ", ")
      throw .badSettings("there is no setting \"\(name)\"; expected one of \(names)")
    }
    guard setting.read(&self, text) else {
      throw .badSettings("\(name) must be \(setting.facts.values.allowed), not \"\(text.prefix(200))\"")
    }
  }

  /// Checks all values that do not depend on the images.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  package func check() throws(ModelError) {
    var copy = self
    for setting in Self.schema { try copy.set(setting.facts.name, to: setting.write(self)) }
    try checkCombination()
  }

  /// The facts of each setting, in the order of the help.
  package static var facts: [SettingFacts] { schema.map(\.facts) }

  /// Returns the value as the settings write it, so that `3` and `03` are equal.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if the setting cannot have the value.
  package static func canonical(_ text: String, of name: String) throws(ModelError) -> String {
    var settings = Self()
    try settings.set(name, to: text)
    return settings.text[name]!
  }
}
