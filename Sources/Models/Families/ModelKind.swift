/// A kind of model, by the name of its family in commands and files.
package struct ModelKind: RawRepresentable, Sendable, Hashable, Codable, CaseIterable {
  package let rawValue: String

  /// Returns nil if no family has this name.
  package init?(rawValue: String) {
    guard ModelFamilies.named(rawValue) != nil else { return nil }
    self.rawValue = rawValue
  }

  /// - Parameter name: the name of a family that is registered, or will be
  package init(_ name: String) { rawValue = name }

  package var family: any ModelFamily.Type {
    guard let family = ModelFamilies.named(rawValue) else { fatalError("the family \(rawValue) is not registered") }
    return family
  }

  /// The kinds of all registered families, in their order.
  package static var allCases: [ModelKind] { ModelFamilies.all.map { $0.kind } }
}

extension ModelKind {
  package var settingsType: any FamilySettings.Type { family.settingsType }

  /// The settings of the family, in the order of the help.
  package var settingFacts: [SettingFacts] { settingsType.facts }

  /// The names of the settings, sorted.
  package var settingNames: [String] { settingFacts.map(\.name).sorted() }

  /// Returns the facts of a setting; nil if the family has no such setting.
  package func setting(_ name: String) -> SettingFacts? { settingFacts.first { $0.name == name } }
}
