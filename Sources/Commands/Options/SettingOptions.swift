internal import ArgumentParser
internal import Models

/// Options for the settings of a family of models: one property for each setting, with the name of the setting. In a
/// sweep, each takes a list of values.
protocol SettingOptions: ParsableArguments {}

extension SettingOptions {
  /// The settings that the user gave, with their texts, in the order of the options.
  var given: [(name: String, text: String)] {
    Mirror(reflecting: self).children.flatMap { label, value -> [(name: String, text: String)] in
      if let group = value as? any SettingGroup { return group.given }
      guard let option = value as? Option<String?> else { fatalError("\(Self.self).\(label ?? "") is not a setting") }
      return option.wrappedValue.map { [(Self.settingName(ofProperty: label ?? ""), $0)] } ?? []
    }
  }

  /// The texts of the given settings, by name.
  var values: [String: String] { Dictionary(uniqueKeysWithValues: given.map { ($0.name, $0.text) }) }

  /// The given options, for errors.
  var givenNames: [String] { given.map { "--\($0.name)" } }

  /// Returns the name of a setting: "max-depth" for the wrapper "_maxDepth".
  private static func settingName(ofProperty label: String) -> String {
    label.drop { $0 == "_" }.reduce(into: "") { name, letter in
      name += letter.isUppercase ? "-\(letter.lowercased())" : "\(letter)"
    }
  }
}

/// A group of options inside of another one.
private protocol SettingGroup { var given: [(name: String, text: String)] { get } }

extension OptionGroup: SettingGroup where Value: SettingOptions {
  var given: [(name: String, text: String)] { wrappedValue.given }
}

extension Option<String?> {
  /// An option for a setting that these families have in common. Its value is checked by the settings, even if it
  /// begins with a dash.
  init(setting name: String, of kinds: ModelKind...) {
    let facts = kinds[0].setting(name)!
    let defaults = kinds.map { kind in kind.setting(name)!.defaultNote ?? kind.settingsType.init().text[name]! }
    let text =
      Set(defaults).count == 1
      ? defaults[0] : zip(kinds, defaults).map { "\($1) for \($0.rawValue)" }.joined(separator: ", ")
    self.init(
      parsing: .unconditional,
      help: ArgumentHelp("\(facts.help) (default: \(text)).", valueName: facts.values.placeholder),
      completion: facts.values.words.isEmpty ? nil : .list(facts.values.words))
  }
}

/// The random seed of a training. A sweep has an option of the same name for all its fits.
struct SeedOption: SettingOptions {
  @Option(setting: "seed", of: .cnn, .forest, .tree) var seed: String?
}
