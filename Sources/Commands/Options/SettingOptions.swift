internal import ArgumentParser
internal import Models
internal import Pipeline

/// The options for the settings of a family of models, from its schema. In a sweep, each takes a list of values.
struct SettingOptions<Family: ModelFamily>: GeneratedOptions {
  var values: [String: String] = [:]

  static var options: [(name: String, option: Option<String?>)] {
    // The seed is not searched: a sweep has an option of this name for all its fits.
    Family.Settings.facts.filter { $0.name != "seed" }.map { ($0.name, Option(setting: $0, of: Family.self)) }
  }
}

/// The options that the training of some families has: the random seed, a preset, and a training to resume.
struct TrainingOptions<Family: ModelFamily>: GeneratedOptions {
  var values: [String: String] = [:]

  static var options: [(name: String, option: Option<String?>)] {
    var options: [(name: String, option: Option<String?>)] = []
    if let seed = Family.kind.setting("seed") { options.append(("seed", Option(setting: seed, of: Family.self))) }
    if !Family.presets.isEmpty {
      let names = Family.presetNames
      options.append(
        (
          "preset",
          Option(
            name: .customLong("preset"),
            help: ArgumentHelp(
              "Base settings: \(Family.presetsHelp). Other options modify them.",
              valueName: names.joined(separator: "|")
            ), completion: .list(names))
        ))
    }
    if Family.isResumable {
      options.append(
        (
          "resume",
          Option(
            name: .customLong("resume"),
            help: ArgumentHelp(
              "Training to resume: \(ResumableRun.help). The settings come from the run.", valueName: "run"),
            completion: .file())
        ))
    }
    return options
  }

  /// The random seed, as a setting.
  var seed: [String: String] { values.filter { $0.key == "seed" } }
  var preset: String? { values["preset"] }
  var resume: String? { values["resume"] }
}

extension Option<String?> {
  /// An option for a setting. Its value is checked by the settings, even if it is a negative number.
  init(setting facts: SettingFacts, of family: any ModelFamily.Type) {
    let standard = facts.defaultNote ?? family.settingsType.init().text[facts.name]!
    self.init(
      name: .customLong(facts.name),
      parsing: [.integer, .real].contains(facts.values.kind) ? .unconditional : .next,
      help: ArgumentHelp("\(facts.help) (default: \(standard)).", valueName: facts.values.placeholder),
      completion: facts.values.words.isEmpty ? nil : .list(facts.values.words))
  }
}
